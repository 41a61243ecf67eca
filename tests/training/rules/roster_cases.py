"""For every condition that rows can have: cells that have it, and cells that nearly do.

A case changes the cells of a clean row, or gives several rows. `None` takes a cell away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.reference import credit_code, resident_id
from services.training.rules.roster import About
from tests.training.rules.roster_samples import (
    BUREAU,
    CARD,
    CLEAN,
    EMPLOYED,
    ENTERPRISE,
    FREE,
    INSTITUTION,
    NUMBER,
    OTHER_FIRM,
    PAID,
    PROVEN,
    ROUNDED_CARD,
    TODAY,
    Cells,
    broken,
    ending,
    number,
    with_checks,
)


@dataclass(frozen=True)
class Case:
    """Cells that earn the code, and cells that do not; the same for the columns stored as numbers."""

    code: str
    bad: Cells
    good: Cells
    about: About = FREE
    bad_numbers: frozenset[str] = frozenset()
    good_numbers: frozenset[str] = frozenset()
    base: Cells = field(default_factory=lambda: CLEAN)


def _of(column: str) -> frozenset[str]:
    return frozenset({column})


def _cell(code: str, column: str, bad: str, good: str, about: About = FREE) -> Case:
    return Case(code, {column: bad}, {column: good}, about)


def _paid(code: str, bad: Cells, good: Cells, base: Cells = PROVEN) -> Case:
    return Case(code, bad, good, PAID, base={**CLEAN, **base})


CELLS: list[Case] = [
    # any cell
    _cell("TR-CELL-TOO-LONG", "remark", "长" * 201, "长" * 200),
    _cell("TR-CELL-EXCEL-ERROR", "education", "#N/A", "高中"),
    _cell("TR-CELL-GARBLED", "address", "锟斤拷锟斤拷", "济南市市中区某路1号"),
    _cell("TR-CELL-DITTO", "address", "同上", "同仁街上段5号"),
    _cell("TR-CELL-FORMULA", "remark", "=1+1", "1+1=2"),
    _cell("TR-CELL-INVISIBLE", "address", "济南市\u200b市中区某路", "济南市 市中区某路"),
    _cell("TR-CELL-PLACEHOLDER", "education", "不详", "无"),
    # 姓名
    _cell("TR-NAME-MISSING", "full_name", " ", "王样例"),
    _cell("TR-NAME-CHARACTERS", "full_name", "王?例", "王·样例"),
    _cell("TR-NAME-LENGTH", "full_name", "王", "王样"),
    _cell("TR-NAME-DIGITS", "full_name", "王样例2", "王样例"),
    _cell("TR-NAME-BRACKETS", "full_name", "王样例（退伍）", "王样例"),
    _cell("TR-NAME-PLACEHOLDER", "full_name", "测试", "王测试"),
    _cell("TR-NAME-TWO", "full_name", "王样例、李样例", "王样例"),
    _cell("TR-NAME-NUMBER", "full_name", NUMBER, "王样例"),
    _cell("TR-NAME-PRIVATE", "full_name", "王\ue001", "王𬭎"),
    _cell("TR-NAME-HONORIFIC", "full_name", "王建国先生", "王先"),
    _cell("TR-NAME-LATIN", "full_name", "Wang Yangli", "王样例"),
    _cell("TR-NAME-DOT", "full_name", "阿卜杜拉・样例", "阿卜杜拉·样例"),
    _cell("TR-NAME-LONG", "full_name", "阿卜杜拉样例样例", "阿卜杜拉样例"),
    # 公民身份号码
    _cell("TR-ID-MISSING", "resident_id", "无", NUMBER),
    _cell("TR-ID-LENGTH", "resident_id", NUMBER[:-1], NUMBER),
    _cell("TR-ID-CHARACTERS", "resident_id", "#" + NUMBER[1:], NUMBER),
    _cell("TR-ID-CHECKSUM", "resident_id", broken(NUMBER), NUMBER),
    _cell(
        "TR-ID-BIRTH-DATE",
        "resident_id",
        with_checks("37010319901301001", lambda text: resident_id.parse(text, TODAY), "BIRTH_DATE"),
        NUMBER,
    ),
    _cell("TR-ID-FUTURE", "resident_id", number(date(2030, 1, 1)), number(date(2008, 1, 1))),
    _cell("TR-ID-FIFTEEN", "resident_id", "370103900101001", NUMBER),
    _cell("TR-ID-EXCEL", "resident_id", "3.70103199001E+17", NUMBER),
    _cell("TR-ID-ZEROS", "resident_id", ending("000"), ending("100")),
    _cell("TR-ID-CROSS", "resident_id", ending("X")[:-1] + "×", ending("X")),
    _cell("TR-ID-LOOKALIKE", "resident_id", NUMBER.replace("0", "O", 1), NUMBER),
    _cell("TR-ID-MASKED", "resident_id", NUMBER[:6] + "********" + NUMBER[14:], NUMBER),
    _cell("TR-ID-IS-PHONE", "resident_id", "13800000001", NUMBER),
    _cell("TR-ID-IS-CREDIT-CODE", "resident_id", ENTERPRISE, NUMBER),
    _cell("TR-ID-OTHER-DOCUMENT", "resident_id", "E12345678", NUMBER),
    _cell("TR-ID-SAMPLE", "resident_id", "11010519491231002X", NUMBER),
    _cell("TR-ID-FULL-WIDTH", "resident_id", NUMBER.translate({ord("0"): "０"}), NUMBER),
    _cell("TR-ID-LOWER-X", "resident_id", ending("X").lower(), ending("X")),
    _cell("TR-ID-SPACES", "resident_id", f"{NUMBER[:6]} {NUMBER[6:]}", NUMBER),
    Case("TR-ID-NUMERIC", {}, {}, bad_numbers=_of("resident_id")),
    _cell("TR-ID-HMT", "resident_id", number(division="810000"), NUMBER),
    _cell("TR-ID-FOREIGN", "resident_id", number(division="911156"), NUMBER),
    # 性别、出生日期、年龄
    _cell("TR-SEX-UNKNOWN", "sex", "不详", "男"),
    _cell("TR-SEX-MISMATCH", "sex", "女", "M"),
    _cell("TR-BIRTH-UNREADABLE", "birth_date", "一九九〇", "1990年1月1日"),
    _cell("TR-BIRTH-IMPOSSIBLE", "birth_date", "1990-02-30", "1990/1/1"),
    _cell("TR-BIRTH-SHORT-YEAR", "birth_date", "90.1.1", "1990.1.1"),
    _cell("TR-BIRTH-FUTURE", "birth_date", "2027-01-01", "1990-01-01"),
    _cell("TR-BIRTH-SERIAL", "birth_date", "32874", "19900101"),
    _cell("TR-BIRTH-MONTH", "birth_date", "1990-01", "1990-01-01"),
    Case(
        "TR-BIRTH-SWAPPED",
        {"birth_date": "1991-12-03"},
        {"birth_date": "1991-03-12"},
        base={
            **CLEAN,
            "resident_id": number(date(1991, 3, 12)),
        },
    ),
    _cell("TR-BIRTH-MISMATCH", "birth_date", "1990-01-02", "1990-01-01 00:00:00"),
    _cell("TR-AGE-UNREADABLE", "age", "三十六", "36周岁"),
    _cell("TR-AGE-RANGE", "age", "1990", "36"),
    _cell("TR-AGE-MISMATCH", "age", "46", "36"),
    _cell("TR-AGE-NOMINAL", "age", "37", "36岁"),
    _cell("TR-MINOR", "resident_id", number(date(2008, 12, 2)), number(date(2008, 12, 1))),
    Case(
        "TR-MINOR-CONTACT",
        {},
        {"emergency_contact": "王监护", "emergency_phone": "13900000001"},
        base={
            **CLEAN,
            "resident_id": number(date(2009, 6, 1)),
        },
    ),
    # 联系电话
    Case("TR-PHONE-MISSING", {"phone": None}, {}),
    _cell("TR-PHONE-FORMAT", "phone", "1380000000", "138-0000-0001"),
    _cell("TR-PHONE-LANDLINE", "phone", "0531-88888888", "+86 138 0000 0001"),
    _cell("TR-PHONE-TWO", "phone", "13800000001/13900000001", "138 0000 0001"),
    _cell("TR-PHONE-EXCEL", "phone", "1.38E+10", "１３８００００００００"),
    _cell("TR-PHONE-FOREIGN", "phone", "+85291234567", "008613800000001"),
    _cell("TR-PHONE-IS-ID", "phone", NUMBER, "'13800000001"),
    _cell("TR-PHONE-MASKED", "phone", "138****0001", "13800000001"),
    _cell("TR-PHONE-SAMPLE", "phone", "13800138000", "13800138001"),
    _cell("TR-PHONE-VIRTUAL", "phone", "17000000001", "17700000001"),
    _cell("TR-PHONE-DATA-CARD", "phone", "14600000001", "15600000001"),
    # 民族、文化程度、政治面貌
    _cell("TR-ETHNICITY-UNKNOWN", "ethnicity", "汗族", "汉"),
    _cell("TR-EDUCATION-UNKNOWN", "education", "博学", "大专"),
    Case(
        "TR-EDUCATION-AGE",
        {"education": "研究生"},
        {"education": "本科"},
        base={
            **CLEAN,
            "resident_id": number(date(2009, 6, 1)),
        },
    ),
    _cell("TR-POLITICS-UNKNOWN", "political_status", "先进", "群众"),
    Case(
        "TR-POLITICS-AGE",
        {"political_status": "党员"},
        {"political_status": "共青团员"},
        base={
            **CLEAN,
            "resident_id": number(date(2009, 6, 1)),
        },
    ),
    _cell("TR-POLITICS-LEAGUE-AGE", "political_status", "共青团员", "党员"),
    # 人员类别与证明
    _paid("TR-CATEGORY-MISSING", {"category": None}, {}),
    _cell("TR-CATEGORY-UNKNOWN", "category", "老板", "退役军人"),
    _cell("TR-CATEGORY-SEVERAL", "category", "登记失业人员、退役军人", "登记失业人员"),
    _cell("TR-CATEGORY-AGE", "category", "两后生", "农民工"),
    Case(
        "TR-CATEGORY-EDUCATION",
        {"education": "初中"},
        {"education": "大专"},
        base={
            **CLEAN,
            "category": "高校毕业生",
            "resident_id": number(date(2003, 6, 1)),
        },
    ),
    Case(
        "TR-CATEGORY-STATUS",
        {"employment_status": "在职"},
        {"employment_status": "失业"},
        base={
            **CLEAN,
            "category": "UNE",
        },
    ),
    Case(
        "TR-CATEGORY-PAYS-IN",
        {"insured": "职工养老保险"},
        {"insured": "居民养老保险"},
        base={**CLEAN, "category": "UNE"},
    ),
    Case(
        "TR-CATEGORY-HOUSEHOLD",
        {"household_kind": "非农业"},
        {"household_kind": "农业"},
        base={**CLEAN, "category": "RUR"},
    ),
    _cell("TR-CATEGORY-SENSITIVE", "category", "残疾人", "退役军人"),
    _paid("TR-PROOF-MISSING", {"proof_number": None, "employment_card": None}, {"proof_number": None}),
    _paid("TR-PROOF-KIND-MISSING", {"proof_kind": None}, {}),
    _paid("TR-PROOF-KIND-OTHER", {"proof_kind": "驾驶证"}, {}),
    Case("TR-PROOF-NO-CATEGORY", {"proof_number": "A-0001"}, {"proof_number": "A-0001", "category": "OTH"}),
    _paid("TR-PROOF-NUMBER-FORMAT", {"proof_number": "1?"}, {"proof_number": "鲁失〔2026〕1号"}),
    _paid("TR-PROOF-NUMBER-EXCEL", {"proof_number": "3.70103E+15"}, {}),
    Case(
        "TR-PROOF-NUMBER-DISABLED",
        {"proof_number": number(sequence=3) + "44"},
        {"proof_number": NUMBER + "44"},
        base={
            **CLEAN,
            "category": "DIS",
            "proof_kind": "残疾人证",
        },
    ),
    _paid("TR-PROOF-DATE-MISSING", {"proof_date": None}, {}),
    _cell("TR-PROOF-DATE-UNREADABLE", "proof_date", "去年", "2026-11-01"),
    _cell("TR-PROOF-DATE-FUTURE", "proof_date", "2026-11-24", "2026-11-23"),
    Case(
        "TR-PROOF-DATE-AFTER",
        {"proof_date": "2026-11-20"},
        {"proof_date": "2026-11-01"},
        About(TODAY, start=date(2026, 11, 2)),
    ),
    _cell("TR-PROOF-DATE-OLD", "proof_date", "2025-11-01", "2025-12-01"),
    _paid("TR-CARD-MISSING", {"employment_card": None, "proof_kind": "证明"}, {"employment_card": None}),
    _cell("TR-CARD-FORMAT", "employment_card", "37010300180001", "3701030018000001"),
    _cell("TR-CARD-DIVISION", "employment_card", "9901030018000001", "3701030018000001"),
    _cell("TR-CARD-EXCEL", "employment_card", "3.70103E+15", "3701030018000001"),
    # 户籍、常住地、住址
    _cell("TR-HOUSEHOLD-UNKNOWN", "household_kind", "集体", "农村"),
    _cell("TR-HOUSEHOLD-UNIFIED", "household_kind", "居民户口", "农业户口"),
    _cell("TR-DIVISION-FORMAT", "household_division", "3715", "371526"),
    _cell("TR-DIVISION-UNKNOWN", "household_division", "379999", "371526001"),
    _cell("TR-DIVISION-OLD", "household_division", "370111", "370112"),
    _cell("TR-DIVISION-LEVEL", "residence_division", "371500", "371526001001"),
    _cell("TR-DIVISION-NAME", "residence_division", "市中区", "370103"),
    _cell("TR-RESIDENCE-OUTSIDE", "residence_division", "110101", "371526"),
    _cell("TR-ADDRESS-SHORT", "address", "济南", "济南市市中区"),
    _cell("TR-ADDRESS-NUMBER", "address", "13800000001", "建设路138号"),
    # 就业状况、单位、参保
    _cell("TR-STATUS-UNKNOWN", "employment_status", "还行", "灵活就业"),
    _cell("TR-STATUS-RETIRED", "employment_status", "退休", "失业"),
    _cell("TR-STATUS-PUBLIC", "employment_status", "公务员", "失业"),
    Case(
        "TR-STATUS-NO-EMPLOYER",
        {"employment_status": "在职", "employer_name": "无"},
        {"employment_status": "在职", "employer_name": "高唐样例机械有限公司"},
    ),
    Case(
        "TR-STATUS-EMPLOYER",
        {"employment_status": "失业", "employer_name": "高唐样例机械有限公司"},
        {"employment_status": "失业", "employer_name": "无"},
    ),
    _paid("TR-EMPLOYER-MISSING", {"employer_name": None}, {}, EMPLOYED),
    _cell("TR-EMPLOYER-SHORT", "employer_name", "样例", "样例机械有限公司"),
    _cell("TR-EMPLOYER-PUBLIC", "employer_name", "高唐县某某局", "高唐县某某公司"),
    _paid("TR-USCC-MISSING", {"employer_credit_code": None}, {}, EMPLOYED),
    _cell("TR-USCC-LENGTH", "employer_credit_code", ENTERPRISE[:-1], ENTERPRISE),
    _cell("TR-USCC-CHARACTERS", "employer_credit_code", ENTERPRISE[:-1] + "I", ENTERPRISE),
    _cell("TR-USCC-DIVISION", "employer_credit_code", ENTERPRISE[:2] + "A" + ENTERPRISE[3:], ENTERPRISE),
    _cell(
        "TR-USCC-CHECKSUM",
        "employer_credit_code",
        ENTERPRISE[:-1] + ("1" if ENTERPRISE[-1] != "1" else "2"),
        ENTERPRISE,
    ),
    _cell(
        "TR-USCC-ORGANISATION",
        "employer_credit_code",
        with_checks("91370103MA3C00012", credit_code.parse, "ORGANISATION"),
        ENTERPRISE,
    ),
    _cell("TR-USCC-EXCEL", "employer_credit_code", "9.13715E+17", ENTERPRISE),
    _cell("TR-USCC-PUBLIC", "employer_credit_code", BUREAU, ENTERPRISE),
    _cell("TR-EMPLOYER-INSTITUTION", "employer_credit_code", INSTITUTION, ENTERPRISE),
    _cell("TR-EMPLOYER-OTHER", "employer_credit_code", OTHER_FIRM, ENTERPRISE),
    _cell("TR-INSURED-UNKNOWN", "insured", "也许", "未参保"),
    _cell("TR-INSURED-PENSION", "insured", "领取养老金", "居民"),
    Case(
        "TR-INSURED-STATUS",
        {"employment_status": "失业", "insured": "职工"},
        {"employment_status": "灵活就业", "insured": "职工"},
    ),
    # 培训
    _cell("TR-TRAINING-OCCUPATION", "occupation", "焊工", "电工"),
    _cell("TR-TRAINING-OCCUPATION-UNKNOWN", "occupation", "修东西", "维修电工"),
    _cell("TR-TRAINING-LEVEL", "skill_level", "高级工", "四级/中级工"),
    _cell("TR-TRAINING-LEVEL-UNKNOWN", "skill_level", "很高", "4"),
    _cell("TR-TRAINING-CLASS", "class_number", "20261100002", "classes/20261100001"),
    _cell("TR-TRAINING-CLASS-OTHER", "class_number", "一班", "电工中级班"),
    _cell("TR-TRAINING-START", "start_date", "2026-12-02", "2026年12月1日"),
    _cell("TR-TRAINING-END", "end_date", "2026-12-30", "2026-12-31"),
    _cell("TR-TRAINING-DATE-UNREADABLE", "start_date", "下月", "46357"),
    Case(
        "TR-TRAINING-DATES-ORDER",
        {"start_date": "2026-12-31", "end_date": "2026-12-01"},
        {"start_date": "2026-12-01", "end_date": "2026-12-31"},
    ),
    # 银行
    Case("TR-BANK-NEEDLESS", {"bank_account": CARD}, {"bank_account": "无"}),
    _paid("TR-BANK-ACCOUNT-MISSING", {"bank_name": "中国银行高唐支行"}, {}),
    _paid("TR-BANK-NAME-MISSING", {"bank_account": CARD}, {"bank_account": CARD, "bank_name": "中国银行高唐支行"}),
    _paid("TR-BANK-HOLDER-MISSING", {"bank_account": CARD}, {"bank_account": CARD, "bank_account_name": "王 样 例"}),
    _paid(
        "TR-BANK-ACCOUNT-CHARACTERS", {"bank_account": "62220200O0000000"}, {"bank_account": "6222 0200 0000 0070 003"}
    ),
    _paid("TR-BANK-ACCOUNT-LENGTH", {"bank_account": "62220200"}, {"bank_account": CARD}),
    _paid("TR-BANK-ACCOUNT-LUHN", {"bank_account": CARD[:-1] + "8"}, {"bank_account": CARD}),
    _paid("TR-BANK-ACCOUNT-EXCEL", {"bank_account": "6.22202E+18"}, {"bank_account": CARD}),
    _paid("TR-BANK-ACCOUNT-ROUNDED", {"bank_account": ROUNDED_CARD}, {"bank_account": CARD}),
    _paid("TR-BANK-ACCOUNT-IS-OTHER", {"bank_account": NUMBER}, {"bank_account": CARD}),
    _paid("TR-BANK-ACCOUNT-PASSBOOK", {"bank_account": "150123456789012"}, {"bank_account": CARD}),
    _paid("TR-BANK-HOLDER", {"bank_account_name": "李样例"}, {"bank_account_name": "王样例"}),
    _paid("TR-BANK-NAME-UNKNOWN", {"bank_name": "存折"}, {"bank_name": "高唐农商行"}),
    _paid("TR-BANK-NAME-BRANCH", {"bank_name": "中国银行"}, {"bank_name": "中国银行高唐支行"}),
    # 邮箱、邮编、紧急联系人、签名、备注
    _cell("TR-EMAIL-FORMAT", "email", "a@", "a.b@example.com"),
    _cell("TR-EMAIL-DOMAIN", "email", "a@qq.con", "a@qq.com"),
    _cell("TR-POSTCODE-FORMAT", "postcode", "25000A", "250001"),
    _cell("TR-POSTCODE-ZERO", "postcode", "10000", "010000"),
    _cell("TR-EMERGENCY-PHONE-FORMAT", "emergency_phone", "123", "0635-3951234"),
    _cell("TR-EMERGENCY-PHONE-OWN", "emergency_phone", "13800000001", "13800000002"),
    _cell("TR-EMERGENCY-NAME-OWN", "emergency_contact", "王样例", "王家人"),
    _cell("TR-EMERGENCY-NAME-CHARACTERS", "emergency_contact", "父亲1", "王父亲"),
    _cell("TR-EMERGENCY-NAME-MISSING", "emergency_phone", "13800000002", "无"),
    _cell("TR-EMERGENCY-PHONE-MISSING", "emergency_contact", "王家人", "无"),
    _cell("TR-SIGNED-NO", "signed", "未签", "是"),
    _cell("TR-SIGNED-UNKNOWN", "signed", "李样例", "王样例"),
    _cell("TR-REMARK-WITHDRAWN", "remark", "本人放弃", "补交材料"),
    _cell("TR-REMARK-PERSONAL", "remark", "另一电话13900000001", "另有电话"),
    _cell("TR-REMARK-SENSITIVE", "remark", "残疾二级", "二级"),
    # 不是学员的行
    Case("TR-ROW-HEADER", {"full_name": "姓名", "resident_id": "身份证号", "phone": "电话"}, {}),
    Case(
        "TR-ROW-TOTAL",
        {"full_name": "合计", "resident_id": None, "phone": None},
        {"full_name": "合计", "resident_id": NUMBER},
    ),
]

# the same conditions by a spreadsheet's number format
STORED: list[Case] = [
    Case("TR-ID-EXCEL", {"resident_id": ending("000")}, {"resident_id": ending("000")}, bad_numbers=_of("resident_id")),
    Case("TR-ID-EXCEL", {"resident_id": broken(NUMBER)}, {}, bad_numbers=_of("resident_id")),
    Case(
        "TR-BANK-ACCOUNT-EXCEL", {"bank_account": "6222020000000070000"}, {"bank_account": CARD},
        bad_numbers=_of("bank_account"), good_numbers=_of("bank_account"),
    ),
    Case(
        "TR-PROOF-NUMBER-EXCEL", {"proof_number": "3701030018000000"}, {"proof_number": "3701030018000001"},
        bad_numbers=_of("proof_number"), good_numbers=_of("proof_number"),
    ),
    Case(
        "TR-CARD-EXCEL", {"employment_card": "3701030018000000"}, {"employment_card": "3701030018000000"},
        bad_numbers=_of("employment_card"),
    ),
]  # fmt: skip
