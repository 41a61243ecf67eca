"""The rules of the green channel by number: what an office of either side may test any system against.

`tests/talent/rules/cases.csv` labels its cases with them. `own` marks a rule that no text states: our reading, or our
own design, which the bureaus have still to confirm.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reference.parameters import Title
from services.talent.rules.ledger import Reason


@dataclass(frozen=True, slots=True)
class NumberedRule:
    """One rule: its number, what it says, who says so, whether that is only us, and the refusals that rest on it."""

    number: str
    title: Title
    source: str
    own: bool = False
    reasons: tuple[Reason, ...] = ()


def _law(number: int, zh: str, en: str, source: str, *reasons: Reason) -> NumberedRule:
    return NumberedRule(f"GC-{number:03}", Title(zh, en), source, reasons=reasons)


def _own(number: int, zh: str, en: str, source: str, *reasons: Reason) -> NumberedRule:
    return NumberedRule(f"GC-{number:03}", Title(zh, en), source, own=True, reasons=reasons)


RULES = (
    # how days are counted
    _law(1, "开始的当日不计入。", "The first day is not counted.", "民法典第201条"),
    _law(
        2, "工作日时限不含法定节假日和周末。", "Working-day limits leave out holidays and weekends.", "行政许可法第82条"
    ),
    _law(3, "调休上班的周末计入工作日。", "A weekend day worked in exchange counts.", "国务院办公厅年度节假日安排通知"),
    _law(4, "按日计算的时限含节假日。", "A limit in days counts every day.", "民法典第200、201条"),
    _law(
        5, "最后一日休息的，顺延至休息结束的次日。", "A last day off moves on to the next day worked.", "民法典第203条"
    ),
    _law(6, "最后一日为调休上班日的，不顺延。", "A last day that is worked in exchange stays.", "民法典第203条"),
    _law(
        7,
        "按月计算的，到期月的对应日为最后一日。",
        "A limit in months ends on the same day of a month.",
        "民法典第202条",
    ),
    _law(
        8, "没有对应日的，月末日为最后一日。", "Where there is no such day, on the last of the month.", "民法典第202条"
    ),
    _law(9, "工作日时限止于工作日，不再顺延。", "A working-day limit ends on a day worked.", "行政许可法第82条"),
    # from receipt to acceptance
    _law(
        10, "时限自受理之日起算，不自收件起算。", "A limit runs from acceptance, not from receipt.", "行政许可法第42条"
    ),
    _law(11, "五个工作日内一次告知全部缺件。", "All gaps are told at once in 5 working days.", "行政许可法第32条(四)"),
    _law(
        12, "逾期不告知的，自收件之日起即为受理。", "Without that, it is accepted from receipt.", "行政许可法第32条(四)"
    ),
    _law(13, "逾期的告知不停表。", "A notice that is late stops nothing.", "行政许可法第32条(四)", Reason.LATE_NOTICE),
    _law(
        14,
        "第二次告知不得提出新的缺件。",
        "A second notice may not name what the first did not.",
        "行政许可法第32条(四)；山东省优化营商环境条例第30条",
        Reason.NOT_AT_ONCE,
    ),
    _own(15, "没有列明缺件的告知不是告知。", "A notice that names nothing is none.", "一次性告知制度", Reason.NO_ITEMS),
    _law(
        16,
        "补齐全部缺件之前不计时。",
        "Nothing runs until all that was named is there.",
        "行政许可法第32条(五)",
        Reason.NOTHING_ASKED,
    ),
    _own(17, "补齐之日视同重新收件。", "The day all is there counts as receipt.", "行政许可法第32条(五)（推定）"),
    _law(
        18,
        "受理晚于五个工作日的，自收件起算。",
        "Acceptance after the 5 working days counts from receipt.",
        "行政许可法第32条(四)",
        Reason.LATE_ACCEPTANCE,
    ),
    _own(
        19,
        "受理之后要求补正的不停表。",
        "After acceptance, asking for documents stops nothing.",
        "行政许可法第32条(五)、第42条（推定）",
        Reason.AFTER_ACCEPTANCE,
    ),
    _own(
        20,
        "没有材料审核的环节自收件或事件发生起算。",
        "A step without a check runs from receipt, or from its event.",
        "事项目录",
        Reason.NOT_CHECKED,
    ),
    # suspensions
    _own(
        21,
        "中止的次日起至恢复当日止不计入。",
        "A suspension leaves out the days after its first, up to its last.",
        "民法典第201条（类推）",
        Reason.NOT_SUSPENDED,
    ),
    _own(
        22,
        "当日中止当日恢复的，不影响时限。",
        "One that ends on the day it began changes nothing.",
        "民法典第201条（类推）",
    ),
    _own(23, "同一日不因多种情形重复扣除。", "A day is left out once, for however many reasons.", "计时规则"),
    _own(24, "只有目录列明的情形可以中止。", "Only what the catalogue lists suspends.", "事项目录", Reason.NOT_ALLOWED),
    _law(25, "中止要有依据。", "A suspension has a legal basis.", "行政许可法第45条", Reason.NO_BASIS),
    _law(26, "所需时间要书面告知申请人。", "The applicant is told in writing.", "行政许可法第45条", Reason.NO_NOTICE),
    _own(27, "系统故障、突发事件中止要批准。", "An emergency suspends with approval.", "计时规则", Reason.NO_APPROVER),
    _own(
        28,
        "中止不超过规定和告知的时间。",
        "It lasts no longer than the rule and the notice say.",
        "行政许可法第45条（推定）",
    ),
    _own(
        29,
        "未恢复的按最长时间推算，无最长时间的不出日期。",
        "Not resumed: the longest is assumed, else no date.",
        "计时规则",
    ),
    _own(
        30,
        "按日、按月的时限顺延中止的日数。",
        "Limits of days and months lose suspended days.",
        "行政许可法第45条（推定）",
    ),
    _law(31, "补正只在受理之前。", "Supplements come before acceptance only.", "行政许可法第32条", Reason.NOT_ALLOWED),
    # extensions
    _law(
        32, "规定允许的才可延长。", "Only what a rule lets be extended is.", "行政许可法第42条", Reason.NOT_EXTENDABLE
    ),
    _law(
        33, "延长由行政机关负责人批准。", "The head of the organ approves it.", "行政许可法第42条", Reason.NO_APPROVER
    ),
    _law(34, "延长不超过规定天数。", "It is no longer than the rule allows.", "行政许可法第42条", Reason.OVER_MAXIMUM),
    _law(35, "只延长一次。", "It is done once.", "行政许可法第42条", Reason.EXTENDED_ALREADY),
    _own(
        36,
        "延长在届满之前批准。",
        "It is approved before the limit has ended.",
        "行政许可法第42条（推定）",
        Reason.LATE_EXTENSION,
    ),
    _own(
        37,
        "延长从起算日一并计算，不从顺延后的日期计算。",
        "It is counted from the base date, never from a moved one.",
        "计时规则",
    ),
    _own(38, "三个日期同样延长。", "It lengthens all three dates alike.", "计时规则"),
    # dates
    _own(
        39,
        "计划、承诺、法定三个日期分开；只有法律、政策依据的为法定。",
        "Planned, promised, statutory are three dates.",
        "事项目录",
    ),
    _own(40, "时限未知的不出日期。", "A limit nobody knows gives no date.", "事项目录"),
    # the ledger
    _own(
        41,
        "更正使原记录如同未作；更正也可以更正。",
        "What is corrected is as if it had not been.",
        "计时规则",
        Reason.NO_TARGET,
    ),
    _own(42, "结果与录入先后无关，补录如同及时录入。", "The order of entry changes nothing.", "计时规则"),
    _own(
        43,
        "重复的以最早为准。",
        "Of two alike the earliest holds.",
        "计时规则",
        Reason.TWICE,
        Reason.SUSPENDED_ALREADY,
    ),
    _own(
        44,
        "收件之前、办结之后的记录不起作用。",
        "What is before receipt or after the end does nothing.",
        "计时规则",
        Reason.BEFORE_RECEIPT,
        Reason.AFTER_FINISH,
    ),
    # the calendar
    _own(
        45,
        "超出已公布放假安排的日期是暂定的，并说明假定。",
        "A date past the notices is provisional, and says so.",
        "计时规则",
    ),
    _own(
        46,
        "最后公布年度的十二月是暂定的。",
        "December of the last notice is provisional.",
        "国办通知惯例（2018-12-29）",
    ),
    _own(47, "早于日历的日期拒绝计算。", "A date before the calendar is refused.", "计时规则"),
    _own(48, "日历或规则更新先预览后执行。", "A new calendar or rule is previewed, then applied.", "计时规则"),
    # beyond one step
    _own(
        49,
        "全程时限与各段时限分开计算。",
        "The limit end to end is apart from that of each leg.",
        "国办发〔2009〕66号第8条（推定）",
    ),
    _own(50, "黄灯：剩余不多于一日或百分之二十。", "Yellow: a day or a fifth is left at most.", "督办做法"),
    _own(51, "红灯：已过期限。", "Red: the date has passed.", "督办做法"),
    _own(52, "个案任何时候只由一方持有，接收才转移。", "One side holds a case; only acceptance passes it.", "移交规则"),
    _own(53, "移交清单与个案不符的不得接收。", "Nobody accepts what is not as the manifest says.", "移交规则"),
    _own(
        54,
        "接收之前只见脱敏摘要。",
        "Before acceptance there is a redacted summary only.",
        "个人信息保护法第6条（推定）",
    ),
    _own(55, "移交有双方签名。", "A hand-over has two signatures.", "移交规则"),
    _law(56, "同一统筹区之内无需转移。", "Inside one pool there is nothing to transfer.", "医保办发〔2021〕43号"),
    _law(
        57,
        "身份和监护关系证明不得容缺。",
        "Proof of identity or guardianship never comes later.",
        "济南市优化营商环境条例第28条",
    ),
    _own(58, "窗口期未知的说明未知。", "A window that nobody knows is said to be unknown.", "事项目录"),
    _own(
        59,
        "受理编号带校验位，不含个人信息。",
        "A receipt number has a check digit and no personal data.",
        "ISO/IEC 7064 MOD 11,10",
    ),
    _own(60, "承诺时限不长于法定时限。", "A promise is no longer than the limit.", "事项目录"),
)
