"""The registry of roster conditions: everything an import may say of a cell, a row, several rows or the file.

Each has a stable code, a level, the columns it is about and a reason. The rules speak in these and in nothing else; the
sentences are in `texts.toml`, docs/verdicts.md and the tests go by this list. Rules of eligibility are declared in the
parameter pack and come on top.
"""

from __future__ import annotations

from services.reference.conditions import OF_ANY_TABLE, Conditions, Kind, Level

CONDITIONS = Conditions(OF_ANY_TABLE)
_is = CONDITIONS.declare

ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE
_CELL, _ROW, _CLASS, _ROWS, _FILE, _, _OUTCOME = Kind

_SHEET = "电子表格通病"
_REAL_NAME = "实名制管理"
_ID, _CARD_SEX = "GB 11643-1999", "GB 11643-1999 第17位"
_CALL_BACK = "电话回访抽查"
_BEFORE = "与身份证号码、其他列互相核对"
_AS_FILED = "与班级备案一致"
_PROOF = "以参加培训时的身份为准；人员类别须有证明"
_MINIMAL = "个人信息保护法第6条：最小必要"
_SENSITIVE = "个人信息保护法第28条：敏感个人信息"
_PAID_ONCE = "审计核查口径：补贴不重复、不冒领"
_BANK = "GB/T 15694（卡号校验位），实名账户"

# any cell
CELL_GARBLED = _is("TR-CELL-GARBLED", ERROR, _CELL, "*", "编码转换损坏")
CELL_FORMULA = _is("TR-CELL-FORMULA", NOTE, _CELL, "*", "表格注入（OWASP CSV Injection）")
CELL_INVISIBLE = _is("TR-CELL-INVISIBLE", NOTE, _CELL, "*", _SHEET)
CELL_PLACEHOLDER = _is("TR-CELL-PLACEHOLDER", NOTE, _CELL, "*", "占位文字不是数据")

# 姓名
NAME_MISSING = _is("TR-NAME-MISSING", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_CHARACTERS = _is("TR-NAME-CHARACTERS", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_LENGTH = _is("TR-NAME-LENGTH", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_DIGITS = _is("TR-NAME-DIGITS", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_BRACKETS = _is("TR-NAME-BRACKETS", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_PLACEHOLDER = _is("TR-NAME-PLACEHOLDER", ERROR, _CELL, "full_name", _REAL_NAME)
NAME_TWO = _is("TR-NAME-TWO", ERROR, _CELL, "full_name", "一人一行")
NAME_NUMBER = _is("TR-NAME-NUMBER", ERROR, _CELL, "full_name", "错列")
NAME_PRIVATE = _is("TR-NAME-PRIVATE", WARNING, _CELL, "full_name", "GB 18030 生僻字")
NAME_HONORIFIC = _is("TR-NAME-HONORIFIC", WARNING, _CELL, "full_name", _REAL_NAME)
NAME_LATIN = _is("TR-NAME-LATIN", WARNING, _ROW, "full_name", _REAL_NAME)
NAME_DOT = _is("TR-NAME-DOT", NOTE, _CELL, "full_name", "姓名间隔号用 U+00B7")
NAME_LONG = _is("TR-NAME-LONG", NOTE, _CELL, "full_name", _REAL_NAME)

# 公民身份号码
ID_MISSING = _is("TR-ID-MISSING", ERROR, _CELL, "resident_id", _REAL_NAME)
ID_LENGTH = _is("TR-ID-LENGTH", ERROR, _CELL, "resident_id", _ID)
ID_CHARACTERS = _is("TR-ID-CHARACTERS", ERROR, _CELL, "resident_id", _ID)
ID_CHECKSUM = _is("TR-ID-CHECKSUM", ERROR, _CELL, "resident_id", "GB 11643-1999, ISO 7064 MOD 11-2")
ID_BIRTH_DATE = _is("TR-ID-BIRTH-DATE", ERROR, _CELL, "resident_id", _ID)
ID_FUTURE = _is("TR-ID-FUTURE", ERROR, _CELL, "resident_id", _ID)
ID_FIFTEEN = _is("TR-ID-FIFTEEN", ERROR, _CELL, "resident_id", "一代证2013-01-01停止使用")
ID_EXCEL = _is("TR-ID-EXCEL", ERROR, _CELL, "resident_id", _SHEET)
ID_ZEROS = _is("TR-ID-ZEROS", NOTE, _CELL, "resident_id", _SHEET)
ID_CROSS = _is("TR-ID-CROSS", ERROR, _CELL, "resident_id", _ID)
ID_LOOKALIKE = _is("TR-ID-LOOKALIKE", ERROR, _CELL, "resident_id", _ID)
ID_MASKED = _is("TR-ID-MASKED", ERROR, _CELL, "resident_id", "脱敏名单不能用于登记")
ID_IS_PHONE = _is("TR-ID-IS-PHONE", ERROR, _CELL, "resident_id", "错列")
ID_IS_CREDIT_CODE = _is("TR-ID-IS-CREDIT-CODE", ERROR, _CELL, "resident_id", "错列")
ID_OTHER_DOCUMENT = _is("TR-ID-OTHER-DOCUMENT", ERROR, _CELL, "resident_id", _REAL_NAME)
ID_SAMPLE = _is("TR-ID-SAMPLE", ERROR, _CELL, "resident_id", "GB 11643-1999 附录示例号码")
ID_FULL_WIDTH = _is("TR-ID-FULL-WIDTH", NOTE, _CELL, "resident_id", "输入法全角")
ID_LOWER_X = _is("TR-ID-LOWER-X", NOTE, _CELL, "resident_id", _ID)
ID_SPACES = _is("TR-ID-SPACES", NOTE, _CELL, "resident_id", _SHEET)
ID_NUMERIC = _is("TR-ID-NUMERIC", NOTE, _CELL, "resident_id", _SHEET)
ID_HMT = _is("TR-ID-HMT", NOTE, _CELL, "resident_id", "港澳台居民居住证申领发放办法（国办发〔2018〕81号）")
ID_FOREIGN = _is("TR-ID-FOREIGN", WARNING, _CELL, "resident_id", "外国人永久居留身份证（2023版）")

# 性别、出生日期、年龄
SEX_UNKNOWN = _is("TR-SEX-UNKNOWN", ERROR, _CELL, "sex", "GB/T 2261.1")
SEX_MISMATCH = _is("TR-SEX-MISMATCH", ERROR, _ROW, "sex", _CARD_SEX)
BIRTH_UNREADABLE = _is("TR-BIRTH-UNREADABLE", ERROR, _CELL, "birth_date", _BEFORE)
BIRTH_IMPOSSIBLE = _is("TR-BIRTH-IMPOSSIBLE", ERROR, _CELL, "birth_date", _BEFORE)
BIRTH_SHORT_YEAR = _is("TR-BIRTH-SHORT-YEAR", ERROR, _CELL, "birth_date", _BEFORE)
BIRTH_FUTURE = _is("TR-BIRTH-FUTURE", ERROR, _CELL, "birth_date", _BEFORE)
BIRTH_SERIAL = _is("TR-BIRTH-SERIAL", NOTE, _CELL, "birth_date", _SHEET)
BIRTH_MONTH = _is("TR-BIRTH-MONTH", NOTE, _ROW, "birth_date", _BEFORE)
BIRTH_SWAPPED = _is("TR-BIRTH-SWAPPED", ERROR, _ROW, "birth_date", _BEFORE)
BIRTH_MISMATCH = _is("TR-BIRTH-MISMATCH", ERROR, _ROW, "birth_date", _BEFORE)
AGE_UNREADABLE = _is("TR-AGE-UNREADABLE", ERROR, _CELL, "age", _BEFORE)
AGE_RANGE = _is("TR-AGE-RANGE", ERROR, _CELL, "age", _BEFORE)
AGE_MISMATCH = _is("TR-AGE-MISMATCH", ERROR, _ROW, "age", _BEFORE)
AGE_NOMINAL = _is("TR-AGE-NOMINAL", NOTE, _ROW, "age", "虚岁或已过生日")
MINOR = _is("TR-MINOR", NOTE, _CLASS, "resident_id", "劳动法第58条：未成年工")
MINOR_CONTACT = _is("TR-MINOR-CONTACT", NOTE, _CLASS, "emergency_contact", "民法典第18、27条：监护人")

# 联系电话
PHONE_MISSING = _is("TR-PHONE-MISSING", ERROR, _CELL, "phone", _CALL_BACK)
PHONE_FORMAT = _is("TR-PHONE-FORMAT", ERROR, _CELL, "phone", _CALL_BACK)
PHONE_LANDLINE = _is("TR-PHONE-LANDLINE", ERROR, _CELL, "phone", _CALL_BACK)
PHONE_TWO = _is("TR-PHONE-TWO", ERROR, _CELL, "phone", _CALL_BACK)
PHONE_EXCEL = _is("TR-PHONE-EXCEL", ERROR, _CELL, "phone", _SHEET)
PHONE_FOREIGN = _is("TR-PHONE-FOREIGN", ERROR, _CELL, "phone", _CALL_BACK)
PHONE_IS_ID = _is("TR-PHONE-IS-ID", ERROR, _CELL, "phone", "错列")
PHONE_MASKED = _is("TR-PHONE-MASKED", ERROR, _CELL, "phone", "脱敏名单不能用于登记")
PHONE_SAMPLE = _is("TR-PHONE-SAMPLE", WARNING, _CELL, "phone", _CALL_BACK)
PHONE_VIRTUAL = _is("TR-PHONE-VIRTUAL", NOTE, _CELL, "phone", "电信网编号计划号段")
PHONE_DATA_CARD = _is("TR-PHONE-DATA-CARD", NOTE, _CELL, "phone", "电信网编号计划号段")

# 民族、文化程度、政治面貌
ETHNICITY_UNKNOWN = _is("TR-ETHNICITY-UNKNOWN", WARNING, _CELL, "ethnicity", "GB/T 3304")
EDUCATION_UNKNOWN = _is("TR-EDUCATION-UNKNOWN", NOTE, _CELL, "education", "GB/T 4658")
EDUCATION_AGE = _is("TR-EDUCATION-AGE", WARNING, _ROW, "education", _BEFORE)
POLITICS_UNKNOWN = _is("TR-POLITICS-UNKNOWN", NOTE, _CELL, "political_status", "GB/T 4762")
POLITICS_AGE = _is("TR-POLITICS-AGE", WARNING, _ROW, "political_status", "党章第1条年满18岁；团章第1条")
POLITICS_LEAGUE_AGE = _is("TR-POLITICS-LEAGUE-AGE", NOTE, _ROW, "political_status", "团章：28周岁离团")

# 人员类别与证明
CATEGORY_MISSING = _is("TR-CATEGORY-MISSING", ERROR, _CLASS, "category", _PROOF)
CATEGORY_UNKNOWN = _is("TR-CATEGORY-UNKNOWN", ERROR, _CELL, "category", _PROOF)
CATEGORY_SEVERAL = _is("TR-CATEGORY-SEVERAL", ERROR, _CELL, "category", "一人一类，按一类享受")
CATEGORY_AGE = _is("TR-CATEGORY-AGE", WARNING, _ROW, "category", _BEFORE)
CATEGORY_EDUCATION = _is("TR-CATEGORY-EDUCATION", WARNING, _ROW, "category education", _BEFORE)
CATEGORY_STATUS = _is("TR-CATEGORY-STATUS", ERROR, _ROW, "category employment_status", _PAID_ONCE)
CATEGORY_PAYS_IN = _is("TR-CATEGORY-PAYS-IN", WARNING, _ROW, "category insured", "审计核查口径：参保人员按失业人员培训")
CATEGORY_HOUSEHOLD = _is("TR-CATEGORY-HOUSEHOLD", WARNING, _ROW, "category household_kind", _BEFORE)
CATEGORY_SENSITIVE = _is("TR-CATEGORY-SENSITIVE", NOTE, _CELL, "category", _SENSITIVE)
PROOF_MISSING = _is("TR-PROOF-MISSING", ERROR, _CLASS, "proof_number", _PROOF)
PROOF_KIND_MISSING = _is("TR-PROOF-KIND-MISSING", NOTE, _ROW, "proof_kind", _PROOF)
PROOF_KIND_OTHER = _is("TR-PROOF-KIND-OTHER", WARNING, _ROW, "proof_kind", _PROOF)
PROOF_NO_CATEGORY = _is("TR-PROOF-NO-CATEGORY", WARNING, _ROW, "category", _PROOF)
PROOF_NUMBER_FORMAT = _is("TR-PROOF-NUMBER-FORMAT", ERROR, _CELL, "proof_number", _PROOF)
PROOF_NUMBER_EXCEL = _is("TR-PROOF-NUMBER-EXCEL", ERROR, _CELL, "proof_number", _SHEET)
PROOF_NUMBER_DISABLED = _is(
    "TR-PROOF-NUMBER-DISABLED", ERROR, _ROW, "proof_number", "残疾人证号：身份证号加类别、等级各1位"
)
PROOF_DATE_MISSING = _is("TR-PROOF-DATE-MISSING", NOTE, _CLASS, "proof_date", _PROOF)
PROOF_DATE_UNREADABLE = _is("TR-PROOF-DATE-UNREADABLE", ERROR, _CELL, "proof_date", _PROOF)
PROOF_DATE_FUTURE = _is("TR-PROOF-DATE-FUTURE", ERROR, _CELL, "proof_date", _PROOF)
PROOF_DATE_AFTER = _is("TR-PROOF-DATE-AFTER", WARNING, _CLASS, "proof_date", _PROOF)
PROOF_DATE_OLD = _is("TR-PROOF-DATE-OLD", WARNING, _CLASS, "proof_date", "身份以培训时为准；一年为参考值，待人社局确认")
CARD_MISSING = _is("TR-CARD-MISSING", ERROR, _CLASS, "employment_card", "登记失业、就业困难人员凭就业创业证")
CARD_FORMAT = _is("TR-CARD-FORMAT", WARNING, _CELL, "employment_card", "就业创业证编号16位，待确认")
CARD_DIVISION = _is("TR-CARD-DIVISION", NOTE, _CELL, "employment_card", "编号前6位为发证地区划代码，待确认")
CARD_EXCEL = _is("TR-CARD-EXCEL", ERROR, _CELL, "employment_card", _SHEET)

# 户籍、常住地、住址
HOUSEHOLD_UNKNOWN = _is("TR-HOUSEHOLD-UNKNOWN", NOTE, _CELL, "household_kind", "花名册户口性质")
HOUSEHOLD_UNIFIED = _is("TR-HOUSEHOLD-UNIFIED", NOTE, _CELL, "household_kind", "国发〔2014〕25号统一城乡户口登记")
_DIVISIONS = "household_division residence_division"
DIVISION_FORMAT = _is("TR-DIVISION-FORMAT", WARNING, _CELL, _DIVISIONS, "GB/T 2260")
DIVISION_UNKNOWN = _is("TR-DIVISION-UNKNOWN", NOTE, _CELL, _DIVISIONS, "GB/T 2260")
DIVISION_OLD = _is("TR-DIVISION-OLD", NOTE, _CELL, _DIVISIONS, "GB/T 2260 历年代码")
DIVISION_LEVEL = _is("TR-DIVISION-LEVEL", NOTE, _CELL, _DIVISIONS, "GB/T 2260")
DIVISION_NAME = _is("TR-DIVISION-NAME", NOTE, _CELL, _DIVISIONS, "区划名称有重名，如四个市中区")
RESIDENCE_OUTSIDE = _is("TR-RESIDENCE-OUTSIDE", NOTE, _CLASS, "residence_division", "补贴对象的地域范围由当地规定")
ADDRESS_SHORT = _is("TR-ADDRESS-SHORT", NOTE, _CELL, "address", "回访、送达")
ADDRESS_NUMBER = _is("TR-ADDRESS-NUMBER", WARNING, _CELL, "address", "错列")

# 就业状况、单位、参保
STATUS_UNKNOWN = _is("TR-STATUS-UNKNOWN", NOTE, _CELL, "employment_status", "花名册就业状况")
STATUS_RETIRED = _is("TR-STATUS-RETIRED", WARNING, _CELL, "employment_status", "国办发〔2019〕24号：不含领取养老金人员")
STATUS_PUBLIC = _is("TR-STATUS-PUBLIC", WARNING, _CELL, "employment_status", "机关事业单位在编人员不在补贴范围")
STATUS_NO_EMPLOYER = _is("TR-STATUS-NO-EMPLOYER", NOTE, _ROW, "employer_name employment_status", _BEFORE)
STATUS_EMPLOYER = _is("TR-STATUS-EMPLOYER", WARNING, _ROW, "employer_name employment_status", _BEFORE)
EMPLOYER_MISSING = _is("TR-EMPLOYER-MISSING", ERROR, _CLASS, "employer_name category", "企业职工须有所在单位")
EMPLOYER_SHORT = _is("TR-EMPLOYER-SHORT", WARNING, _CELL, "employer_name", "单位须用营业执照全称")
EMPLOYER_PUBLIC = _is("TR-EMPLOYER-PUBLIC", NOTE, _CELL, "employer_name", "机关事业单位在编人员不在补贴范围")
_EMPLOYER_CODE = "employer_credit_code"
USCC_MISSING = _is("TR-USCC-MISSING", ERROR, _CLASS, _EMPLOYER_CODE, "企业职工须有所在单位")
USCC_LENGTH = _is("TR-USCC-LENGTH", ERROR, _CELL, _EMPLOYER_CODE, "GB 32100-2015")
USCC_CHARACTERS = _is("TR-USCC-CHARACTERS", ERROR, _CELL, _EMPLOYER_CODE, "GB 32100-2015")
USCC_DIVISION = _is("TR-USCC-DIVISION", ERROR, _CELL, _EMPLOYER_CODE, "GB 32100-2015")
USCC_CHECKSUM = _is("TR-USCC-CHECKSUM", ERROR, _CELL, _EMPLOYER_CODE, "GB 32100-2015")
USCC_ORGANISATION = _is("TR-USCC-ORGANISATION", ERROR, _CELL, _EMPLOYER_CODE, "GB 11714")
USCC_EXCEL = _is("TR-USCC-EXCEL", ERROR, _CELL, _EMPLOYER_CODE, _SHEET)
USCC_PUBLIC = _is("TR-USCC-PUBLIC", WARNING, _CELL, _EMPLOYER_CODE, "GB 32100-2015：11 机关、12 事业单位")
EMPLOYER_INSTITUTION = _is("TR-EMPLOYER-INSTITUTION", WARNING, _CLASS, _EMPLOYER_CODE, "审计核查口径：机构人员充数")
EMPLOYER_OTHER = _is("TR-EMPLOYER-OTHER", NOTE, _CLASS, _EMPLOYER_CODE, "订单企业以外的在岗职工")
INSURED_UNKNOWN = _is("TR-INSURED-UNKNOWN", NOTE, _CELL, "insured", "花名册参保状态")
INSURED_PENSION = _is("TR-INSURED-PENSION", WARNING, _CELL, "insured", "国办发〔2019〕24号：不含领取养老金人员")
INSURED_STATUS = _is("TR-INSURED-STATUS", WARNING, _ROW, "insured employment_status", _BEFORE)

# 培训工种、等级、班级、日期
TRAINING_OCCUPATION = _is("TR-TRAINING-OCCUPATION", ERROR, _CLASS, "occupation", _AS_FILED)
TRAINING_OCCUPATION_UNKNOWN = _is(
    "TR-TRAINING-OCCUPATION-UNKNOWN", WARNING, _CELL, "occupation", "《职业分类大典（2022年版）》"
)
TRAINING_LEVEL = _is("TR-TRAINING-LEVEL", ERROR, _CLASS, "skill_level", _AS_FILED)
TRAINING_LEVEL_UNKNOWN = _is("TR-TRAINING-LEVEL-UNKNOWN", WARNING, _CELL, "skill_level", "人社部发〔2022〕14号八级序列")
TRAINING_CLASS = _is("TR-TRAINING-CLASS", ERROR, _CLASS, "class_number", _AS_FILED)
TRAINING_CLASS_OTHER = _is("TR-TRAINING-CLASS-OTHER", NOTE, _CLASS, "class_number", _AS_FILED)
TRAINING_START = _is("TR-TRAINING-START", WARNING, _CLASS, "start_date", _AS_FILED)
TRAINING_END = _is("TR-TRAINING-END", WARNING, _CLASS, "end_date", _AS_FILED)
TRAINING_DATE_UNREADABLE = _is("TR-TRAINING-DATE-UNREADABLE", WARNING, _CELL, "start_date end_date", _AS_FILED)
TRAINING_DATES_ORDER = _is("TR-TRAINING-DATES-ORDER", ERROR, _ROW, "end_date", _BEFORE)

# 银行账户
BANK_NEEDLESS = _is("TR-BANK-NEEDLESS", NOTE, _CLASS, "bank_account", _MINIMAL)
BANK_ACCOUNT_MISSING = _is("TR-BANK-ACCOUNT-MISSING", WARNING, _ROW, "bank_account", _BANK)
BANK_NAME_MISSING = _is("TR-BANK-NAME-MISSING", WARNING, _ROW, "bank_name", _BANK)
BANK_HOLDER_MISSING = _is("TR-BANK-HOLDER-MISSING", WARNING, _ROW, "bank_account_name", _BANK)
BANK_ACCOUNT_CHARACTERS = _is("TR-BANK-ACCOUNT-CHARACTERS", ERROR, _CELL, "bank_account", _BANK)
BANK_ACCOUNT_LENGTH = _is("TR-BANK-ACCOUNT-LENGTH", ERROR, _CELL, "bank_account", _BANK)
BANK_ACCOUNT_LUHN = _is("TR-BANK-ACCOUNT-LUHN", ERROR, _CELL, "bank_account", "GB/T 15694 校验位（Luhn）")
BANK_ACCOUNT_EXCEL = _is("TR-BANK-ACCOUNT-EXCEL", ERROR, _CELL, "bank_account", _SHEET)
BANK_ACCOUNT_ROUNDED = _is("TR-BANK-ACCOUNT-ROUNDED", WARNING, _CELL, "bank_account", _SHEET)
BANK_ACCOUNT_IS_OTHER = _is("TR-BANK-ACCOUNT-IS-OTHER", ERROR, _ROW, "bank_account", "错列")
BANK_ACCOUNT_PASSBOOK = _is("TR-BANK-ACCOUNT-PASSBOOK", NOTE, _CELL, "bank_account", "存折账号没有通用校验位")
BANK_HOLDER = _is("TR-BANK-HOLDER", ERROR, _ROW, "bank_account_name", "补贴支付到本人账户")
BANK_NAME_UNKNOWN = _is("TR-BANK-NAME-UNKNOWN", NOTE, _CELL, "bank_name", _BANK)
BANK_NAME_BRANCH = _is("TR-BANK-NAME-BRANCH", NOTE, _CELL, "bank_name", "支付需要开户网点")

# 邮箱、邮编、紧急联系人、签名、备注
EMAIL_FORMAT = _is("TR-EMAIL-FORMAT", NOTE, _CELL, "email", "RFC 5321")
EMAIL_DOMAIN = _is("TR-EMAIL-DOMAIN", NOTE, _CELL, "email", "常见域名拼写")
POSTCODE_FORMAT = _is("TR-POSTCODE-FORMAT", NOTE, _CELL, "postcode", "邮政编码6位")
POSTCODE_ZERO = _is("TR-POSTCODE-ZERO", NOTE, _CELL, "postcode", "电子表格去掉前导0")
EMERGENCY_PHONE_FORMAT = _is("TR-EMERGENCY-PHONE-FORMAT", NOTE, _CELL, "emergency_phone", "紧急联系")
EMERGENCY_PHONE_OWN = _is("TR-EMERGENCY-PHONE-OWN", NOTE, _ROW, "emergency_phone", "紧急联系")
EMERGENCY_NAME_OWN = _is("TR-EMERGENCY-NAME-OWN", NOTE, _ROW, "emergency_contact", "紧急联系")
EMERGENCY_NAME_CHARACTERS = _is("TR-EMERGENCY-NAME-CHARACTERS", NOTE, _CELL, "emergency_contact", "紧急联系")
EMERGENCY_NAME_MISSING = _is("TR-EMERGENCY-NAME-MISSING", NOTE, _ROW, "emergency_contact", "紧急联系")
EMERGENCY_PHONE_MISSING = _is("TR-EMERGENCY-PHONE-MISSING", NOTE, _ROW, "emergency_phone", "紧急联系")
_COMMITMENT = "机构和学员签订真实性承诺"
SIGNED_NO = _is("TR-SIGNED-NO", WARNING, _CELL, "signed", _COMMITMENT)
SIGNED_UNKNOWN = _is("TR-SIGNED-UNKNOWN", WARNING, _CELL, "signed", _COMMITMENT)
SIGNED_MISSING = _is("TR-SIGNED-MISSING", WARNING, _ROWS, "signed", _COMMITMENT)
REMARK_WITHDRAWN = _is("TR-REMARK-WITHDRAWN", WARNING, _CELL, "remark", "备注与报名矛盾")
REMARK_PERSONAL = _is("TR-REMARK-PERSONAL", NOTE, _CELL, "remark", _MINIMAL)
REMARK_SENSITIVE = _is("TR-REMARK-SENSITIVE", NOTE, _CELL, "remark", _SENSITIVE)

# rows
ROW_HEADER = _is("TR-ROW-HEADER", ERROR, _ROW, "", "分页打印重复表头")
ROW_TOTAL = _is("TR-ROW-TOTAL", ERROR, _ROW, "", "合计行、签字行不是学员")
ROW_DUPLICATE = _is("TR-ROW-DUPLICATE", ERROR, _ROWS, "resident_id", "一人一班一个席位")
ROW_DUPLICATE_KEPT = _is("TR-ROW-DUPLICATE-KEPT", NOTE, _ROWS, "resident_id", "一人一班一个席位")
ROW_DUPLICATE_NAME = _is("TR-ROW-DUPLICATE-NAME", ERROR, _ROWS, "resident_id", _REAL_NAME)
ID_ROUNDED = _is("TR-ID-ROUNDED", WARNING, _ROWS, "resident_id", "同表已有号码被电子表格改坏")
ROW_TWIN = _is("TR-ROW-TWIN", WARNING, _ROWS, "resident_id", "同名同生日而号码不同，多为录错")
ROW_NAME_PHONE = _is("TR-ROW-NAME-PHONE", WARNING, _ROWS, "resident_id", "同名同电话而号码不同，多为录错")
PHONE_SHARED = _is("TR-PHONE-SHARED", WARNING, _ROWS, "phone", _CALL_BACK)
BANK_ACCOUNT_SHARED = _is("TR-BANK-ACCOUNT-SHARED", WARNING, _ROWS, "bank_account", _PAID_ONCE)
PROOF_NUMBER_SHARED = _is("TR-PROOF-NUMBER-SHARED", WARNING, _ROWS, "proof_number", _PAID_ONCE)
CARD_SHARED = _is("TR-CARD-SHARED", WARNING, _ROWS, "employment_card", _PAID_ONCE)
EMAIL_SHARED = _is("TR-EMAIL-SHARED", NOTE, _ROWS, "email", "通知送达本人")
EMERGENCY_PHONE_SHARED = _is("TR-EMERGENCY-PHONE-SHARED", NOTE, _ROWS, "emergency_phone", "多为机构代填")
EMPLOYER_TWO_NAMES = _is("TR-EMPLOYER-TWO-NAMES", NOTE, _ROWS, "employer_name", "一个代码一个单位")
EMPLOYER_TWO_CODES = _is("TR-EMPLOYER-TWO-CODES", WARNING, _ROWS, _EMPLOYER_CODE, "一个单位一个代码")

# the file, as the server sees it
FILE_SEEN = _is("TR-FILE-SEEN", NOTE, _FILE, "", "同一文件再次导入")
FILE_NUMBERS = _is("TR-FILE-NUMBERS", NOTE, _FILE, "", _SHEET)
FILE_ONE_FAULT = _is("TR-FILE-ONE-FAULT", NOTE, _FILE, "", "多数行同错，多为错列或格式问题")
FILE_THRESHOLD = _is("TR-FILE-THRESHOLD", ERROR, _FILE, "", "超过阈值整表不收")
FILE_OVER_CAPACITY = _is("TR-FILE-OVER-CAPACITY", NOTE, _FILE, "", "人数多于名额")
COLUMN_UNKNOWN = _is("TR-COLUMN-UNKNOWN", NOTE, _FILE, "", "未识别的列不导入")
COLUMN_WANTED = _is("TR-COLUMN-WANTED", WARNING, _FILE, "", "补贴性培训须有人员类别和证明")

# what became of a row
ALREADY_IN_CLASS = _is("TR-ALREADY-IN-CLASS", NOTE, _OUTCOME, "", "重复导入不改变任何内容")
WAITLISTED = _is("TR-WAITLISTED", NOTE, _OUTCOME, "", "班级已满")
NEEDS_REASON = _is("TR-NEEDS-REASON", NOTE, _OUTCOME, "", "提醒须由经办人说明理由")
NO_QUOTA = _is("TR-NO-QUOTA", NOTE, _OUTCOME, "", "名额或预算用尽")
