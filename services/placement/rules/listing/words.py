"""How offices write what the register has a few words for: kinds, directions, fields, titles (职称), degrees."""

from __future__ import annotations

AMBIGUOUS = "?"  # a word that says less than the register wants to know


def _spelt(**words: str) -> dict[str, str]:
    return {spelling: value for value, spellings in words.items() for spelling in spellings.split()}


KINDS = _spelt(
    INDIVIDUAL="个人 个人科技特派员 自然人 自然人科技特派员 individual",
    TEAM="团队 团队科技特派员 服务团队 team",
    LEGAL_PERSON="法人 法人科技特派员 单位 legalperson legal-person legal_person",
)
DIRECTIONS = _spelt(
    FORWARD="正向 正向派出 正向科技特派员 下派 forward",
    REVERSE="反向 反向派出 反向科技特派员 上派 reverse",
    ONLINE="线上 在线 网上 线上服务 online",
)
FIELDS = _spelt(
    AGRICULTURE="农业 三农 农村 农业农村 农业科技特派员 agriculture",
    INDUSTRY="工业 企业 产业 工业企业 企业科技特派员 industry",
)
# the names of agriculture, engineering, universities, research, veterinary and experimental work (职称系列)
TITLES = _spelt(
    TITLE_UNSPECIFIED="无 无职称 没有 none",
    JUNIOR="初级 初级职称 助理级 员级 技术员 农业技术员 助理农艺师 助理畜牧师 助理兽医师 助理工程师 "
    "助理实验师 助教 研究实习员 junior",
    INTERMEDIATE="中级 中级职称 农艺师 畜牧师 兽医师 工程师 实验师 讲师 助理研究员 intermediate",
    ASSOCIATE_SENIOR="副高级 副高 副高级职称 高级农艺师 高级畜牧师 高级兽医师 高级工程师 高级实验师 副教授 副研究员 "
    "associatesenior associate-senior associate_senior",
    SENIOR="正高级 正高 正高级职称 正高级农艺师 正高级畜牧师 正高级兽医师 正高级工程师 正高级实验师 农业技术推广研究员 "
    "推广研究员 教授 研究员 senior",
) | {"高级": AMBIGUOUS, "高级职称": AMBIGUOUS}
EDUCATIONS = _spelt(
    EDUCATION_UNSPECIFIED="无 小学 初中 高中 中专 中等职业教育 普通高中 技工学校 none",
    COLLEGE="大学专科 大专 专科 高职 college",
    BACHELOR="大学本科 本科 学士 学士学位 大学本科/学士 bachelor",
    MASTER="硕士 硕士研究生 研究生/硕士 研究生硕士 硕士学位 master",
    DOCTOR="博士 博士研究生 研究生/博士 研究生博士 博士学位 博士后 doctor phd",
) | {"研究生": AMBIGUOUS, "大学": AMBIGUOUS}
# the words of a column, and what is offered where a cell has none of them
CHOICES: dict[str, tuple[dict[str, str], str]] = {
    "kind": (KINDS, "个人、团队、法人"),
    "direction": (DIRECTIONS, "正向、反向、线上"),
    "field": (FIELDS, "农业、工业"),
    "title": (TITLES, "无、初级、中级、副高级、正高级"),
    "education": (EDUCATIONS, "大学专科、大学本科、硕士、博士"),
}
