"""The columns of a list of commissioners in the order of the template, with their titles (名册各列)."""

from __future__ import annotations

TITLES: dict[str, tuple[str, str]] = {
    "kind": ("类别", "Kind"),
    "direction": ("派出方向", "Direction"),
    "field": ("服务领域", "Serves"),
    "full_name": ("姓名", "Name"),
    "resident_id": ("公民身份号码", "Identity number"),
    "phone": ("联系电话", "Phone"),
    "group_name": ("团队或法人名称", "Name of the team or unit"),
    "leader": ("团队负责人编号", "Leader of the team"),
    "members": ("团队成员编号", "Members of the team"),
    "disciplines": ("学科代码与等级", "Disciplines"),
    "home_unit_name": ("派出单位", "Home unit"),
    "home_unit_credit_code": ("派出单位统一社会信用代码", "Credit code of the home unit"),
    "title": ("职称", "Professional title"),
    "education": ("学历学位", "Education"),
    "division": ("单位所在区县", "Division of the unit"),
    "partner_division": ("服务区县", "Division served"),
    "home_place": ("出发地", "Home place"),
    "days_a_year": ("每年可服务天数", "Days a year"),
}
