"""The columns that files of offices have, and everything they are called (表头别名)."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """A column that is known: what it may be called, its title in words, and whether it must be there."""

    title: str
    names: frozenset[str]
    required: bool = True


def _column(key: str, names: str, required: bool = True) -> Column:
    return Column(key, frozenset(names.split()), required)


# names are compared after `normalised`: half-width, lower case, without spaces, marks and underscores
# what rosters (实名制花名册) call the columns of the contract, in the order of the template
ROSTER = {
    "full_name": _column("column.full_name", "姓名 学员姓名 学生姓名 人员姓名 fullname name"),
    "resident_id": _column(
        "column.resident_id",
        "公民身份号码 公民身份证号码 公民身份证号 居民身份证号码 居民身份证号 身份证号 身份证号码 身份证 "
        "身份证件号码 身份证件号 身份号码 证件号码 证件号 residentid idnumber id",
    ),
    "phone": _column(
        "column.phone",
        "联系电话 本人电话 手机号 手机号码 手机 电话 电话号码 联系方式 移动电话 本人联系电话 phone mobile phonenumber",
    ),
    "sex": _column("column.sex", "性别 sex gender", required=False),
    "birth_date": _column(
        "column.birth_date", "出生日期 出生年月日 出生年月 生日 birthdate dateofbirth birthday", required=False
    ),
    "age": _column("column.age", "年龄 周岁 age", required=False),
    "ethnicity": _column("column.ethnicity", "民族 ethnicity", required=False),
    "education": _column("column.education", "文化程度 学历 最高学历 学历层次 education", required=False),
    "political_status": _column("column.political_status", "政治面貌 politicalstatus", required=False),
    "category": _column(
        "column.category", "人员类别 人员类型 类别 学员类别 身份类别 培训对象类别 培训人员类别 category", required=False
    ),
    "proof_kind": _column(
        "column.proof_kind",
        "类别证明材料 证明材料 证明名称 证明类型 身份证明材料 proofkind proofofthecategory",
        required=False,
    ),
    "proof_number": _column(
        "column.proof_number",
        "证明编号 证明号码 证明材料编号 证明材料号码 proofnumber numberoftheproof",
        required=False,
    ),
    "proof_date": _column(
        "column.proof_date", "证明核验日期 核验日期 证明日期 proofdate proofcheckedon", required=False
    ),
    "employment_card": _column(
        "column.employment_card",
        "就业创业证号 就业创业证编号 就业创业证号码 就业创业证 就业失业登记证号 就业失业登记证号码 就业失业登记证编号 "
        "就业失业登记证 失业登记证号 employmentcard",
        required=False,
    ),
    "household_kind": _column(
        "column.household_kind",
        "户口性质 户籍性质 户口类型 户籍类型 户口类别 householdkind kindofhousehold",
        required=False,
    ),
    "household_division": _column(
        "column.household_division",
        "户籍地区划代码 户籍地区划 户口所在地区划 户籍所在地 户口所在地 户籍地 "
        "householddivision divisionofthehousehold",
        required=False,
    ),
    "residence_division": _column(
        "column.residence_division",
        "常住地区划代码 常住地区划 常住地址区划 常住地 居住地区划 居住地 residencedivision divisionofresidence",
        required=False,
    ),
    "address": _column(
        "column.address",
        "家庭住址 家庭地址 住址 地址 现住址 居住地址 通讯地址 联系地址 详细地址 address",
        required=False,
    ),
    "employment_status": _column(
        "column.employment_status", "就业状况 就业状态 就业情况 从业状况 employmentstatus", required=False
    ),
    "employer_name": _column(
        "column.employer_name",
        "所在单位 工作单位 单位名称 所在单位名称 用人单位 就业单位 单位 employername employer",
        required=False,
    ),
    "employer_credit_code": _column(
        "column.employer_credit_code",
        "单位统一社会信用代码 所在单位统一社会信用代码 统一社会信用代码 社会信用代码 信用代码 单位信用代码 "
        "employercreditcode creditcode uscc",
        required=False,
    ),
    "insured": _column(
        "column.insured",
        "参保状态 参保情况 参保类型 是否参保 社保情况 养老保险 insured socialinsurance",
        required=False,
    ),
    "occupation": _column(
        "column.occupation", "培训工种 工种 培训职业 职业工种 职业 培训专业 职业编码 occupation", required=False
    ),
    "skill_level": _column(
        "column.skill_level", "培训等级 等级 技能等级 级别 培训级别 职业技能等级 skilllevel level", required=False
    ),
    "class_number": _column(
        "column.class_number", "班级编号 班号 班级代码 班级名称 班级 开班编号 classnumber class", required=False
    ),
    "start_date": _column(
        "column.start_date", "开班日期 开班时间 培训开始日期 开始日期 起始日期 startdate firstday", required=False
    ),
    "end_date": _column(
        "column.end_date", "结业日期 结班日期 结业时间 培训结束日期 结束日期 终止日期 enddate lastday", required=False
    ),
    "bank_name": _column("column.bank_name", "开户银行 开户行 银行名称 开户银行名称 bankname bank", required=False),
    "bank_account_name": _column(
        "column.bank_account_name", "银行户名 户名 开户名 账户名 账户名称 bankaccountname accountholder", required=False
    ),
    "bank_account": _column(
        "column.bank_account",
        "银行账号 银行帐号 银行卡号 卡号 账号 帐号 社保卡号 社会保障卡号 银行账户 bankaccount accountnumber",
        required=False,
    ),
    "email": _column("column.email", "电子邮箱 邮箱 电子邮件 email e-mail mail", required=False),
    "postcode": _column("column.postcode", "邮编 邮政编码 postcode zip zipcode", required=False),
    "emergency_contact": _column(
        "column.emergency_contact", "紧急联系人 紧急联系人姓名 监护人 监护人姓名 emergencycontact", required=False
    ),
    "emergency_phone": _column(
        "column.emergency_phone", "紧急联系电话 紧急联系人电话 监护人电话 紧急电话 emergencyphone", required=False
    ),
    "signed": _column(
        "column.signed",
        "本人签名或承诺 本人签名 学员签名 签名 签字 本人签字 承诺 本人承诺 是否签名 signed signature",
        required=False,
    ),
    "remark": _column("column.remark", "备注 说明事项 remark remarks note notes", required=False),
}
TIMETABLE = {
    "date": _column("column.date", "上课日期 日期 date"),
    "start": _column("column.start", "上课开始时间 开始时间 start"),
    "end": _column("column.end", "上课结束时间 结束时间 end"),
    "place": _column("column.place", "上课地点 地点 place room", required=False),
    "teacher": _column("column.teacher", "培训教师 教师 教师编号 teacher", required=False),
    "topic": _column("column.topic", "课别 上课内容 课程内容 内容 topic", required=False),
    "practice": _column("column.practice", "实操 是否实操 practice", required=False),
}
REGISTER = {
    "resident_id": _column(
        "column.resident_id",
        "公民身份号码 公民身份证号码 身份证号 身份证号码 身份证 证件号码 社会保障号码 社会保障号 社保号 "
        "residentid idnumber id",
    ),
    "since": _column(
        "column.since",
        "起始日期 开始日期 开始时间 参保日期 领取日期 待遇领取日期 入编日期 开班日期 培训日期 发证日期 "
        "since from start startdate",
        required=False,
    ),
    "until": _column(
        "column.until", "终止日期 结束日期 结束时间 截止日期 停保日期 until to end enddate", required=False
    ),
    "occupation_code": _column(
        "column.occupation_code",
        "职业代码 职业编码 工种代码 职业工种代码 职业(工种)代码 occupationcode occupation",
        required=False,
    ),
    "certificate_level": _column(
        "column.certificate_level", "证书等级 技能等级 职业技能等级 等级 级别 certificatelevel level", required=False
    ),
}
# what lists of commissioners (科技特派员名册) call theirs; what each kind of them must have the server says row by row
COMMISSIONERS = {
    "kind": _column(
        "column.commissioner.kind", "类别 特派员类别 科技特派员类别 类型 特派员类型 kind type", required=False
    ),
    "direction": _column("column.commissioner.direction", "派出方向 方向 派出方式 direction", required=False),
    "field": _column("column.commissioner.field", "服务领域 领域 服务行业 serves field", required=False),
    "full_name": replace(ROSTER["full_name"], required=False),
    "resident_id": replace(ROSTER["resident_id"], required=False),
    "phone": replace(ROSTER["phone"], required=False),
    "group_name": _column(
        "column.commissioner.group_name",
        "团队或法人名称 团队名称 法人名称 团队或单位名称 名称 nameoftheteamorunit groupname",
        required=False,
    ),
    "leader": _column(
        "column.commissioner.leader", "团队负责人编号 负责人编号 团队负责人 leaderoftheteam leader", required=False
    ),
    "members": _column(
        "column.commissioner.members", "团队成员编号 成员编号 团队成员 成员 membersoftheteam members", required=False
    ),
    "disciplines": _column(
        "column.commissioner.disciplines",
        "学科代码与等级 学科代码 学科 学科及等级 学科专业 从事学科 disciplines discipline skills",
    ),
    "home_unit_name": _column(
        "column.commissioner.home_unit_name",
        "派出单位 派出单位名称 所在单位 工作单位 单位名称 单位 homeunit homeunitname",
        required=False,
    ),
    "home_unit_credit_code": _column(
        "column.commissioner.home_unit_credit_code",
        "派出单位统一社会信用代码 单位统一社会信用代码 统一社会信用代码 社会信用代码 信用代码 单位信用代码 "
        "creditcodeofthehomeunit homeunitcreditcode creditcode uscc",
    ),
    "title": _column(
        "column.commissioner.title", "职称 专业技术职称 专业技术职务 技术职称 professionaltitle title", required=False
    ),
    "education": _column(
        "column.commissioner.education", "学历学位 学历 学位 最高学历 文化程度 education degree", required=False
    ),
    "division": _column(
        "column.commissioner.division",
        "单位所在区县 所在区县 派出地 单位所在地 divisionoftheunit division",
        required=False,
    ),
    "partner_division": _column(
        "column.commissioner.partner_division",
        "服务区县 服务地 受援地 派驻地 服务县 divisionserved partnerdivision",
        required=False,
    ),
    "home_place": _column("column.commissioner.home_place", "出发地 常驻地 常住地 居住地 homeplace", required=False),
    "days_a_year": _column(
        "column.commissioner.days_a_year",
        "每年可服务天数 可服务天数 年服务天数 服务天数 天数 daysayear days",
        required=False,
    ),
}
# columns that say nothing about a person and are no surprise
IGNORED = frozenset(["序号", "编号", "备注", "no", "number", "remark", "remarks", "note", "notes"])
PARTY = {name: ROSTER[name] for name in ("full_name", "resident_id", "phone", "category", "proof_kind", "proof_number")}
