"""The third part of the demo: a plan of who goes to which host until the end of the quarter, and what becomes of it.

Twenty commissioners and sixty requests are brought in by the client's own connection, step by step as everybody else has to;
only what follows is shown.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from examples import experts
from examples.stage import Failed, Stage, set_clock
from services.reference.clock import SHANGHAI

TEXTS = {
    "people": (
        "科技特派员：20 人（团队、法人各一）逐级登记在册，三方协议都在有效期",
        "Commissioners: 20, a team and a unit among them, are on the register, each with an agreement in force",
    ),
    "asked": ("高唐各镇街提出 60 项需求，已受理", "Hosts in the towns of Gaotang have 60 requests accepted"),
    "plan": (
        "排出本季度余下的派驻计划，并证明离最优多远",
        "A plan for the rest of the quarter, and a proof of how near the best it is",
    ),
    "plan_title": ("高唐县四季度派驻计划", "Dispatch to Gaotang, fourth quarter"),
    "choice": ("为什么派这个人？", "Why is this one sent?"),
    "refusal": (
        "为什么没有安排？每条办法都试算过，照办即可安排",
        "Why is nobody sent? Each remedy was tried: with it the request is served",
    ),
    "publish": ("经另一人审阅后发布，一次生成全部派驻任务", "Another officer reviews it; publishing makes all assignments at once"),
    "ill": (
        "{who}病假两周：重排，尽量不动已有承诺",
        "{who} is ill for two weeks: planned again, with as few promises changed as can be",
    ),
    "again_title": ("高唐县四季度派驻计划（重排）", "Dispatch to Gaotang, fourth quarter, again"),
    "served": ("{day}：第一家服务完，写日志，对方确认并评价", "{day}: the first host is served; the log is written, confirmed and rated"),
    "comment": ("问题解决得快", "solved quickly"),
    "measure": ("现场检查并示范", "looked at it and showed what to do"),
    "views": (
        "谁在哪里：日历、甘特图和日历文件",
        "Who is where: a calendar, a chart and a calendar file",
    ),
    "figures": (r"已安排|总分|上界|差距|served|points|bound|gap", r""),
}  # fmt: skip
ROUNDS = ("--rounds", "40", "--steps", "320")  # counts, not seconds: the same plan each time


def play(stage: Stage) -> None:
    """The story, from the register to a chart."""
    today, language = stage.today, "en" if stage.english else "zh"
    tokens = {
        "unit": stage.token("yuan", experts.SENDS, "institution", experts.INSTITUTE, quiet=True),
        "county": stage.token("shizhong", experts.SENDS, "science_officer", quiet=True),
        "city": stage.token("jinan", experts.CITY, "science_officer", quiet=True),
        "served": stage.token("liu", experts.SERVED, "science_officer", quiet=True),
    }
    officers = experts.Desks(**{role: experts.Officer(token, language) for role, token in tokens.items()})
    stage.chapter("people")
    people = experts.register(officers, today)
    stage.run("commissioner", "list", "--state", "filed", head=5)
    stage.chapter("asked")
    first, last = today + timedelta(days=1), date(today.year, 12, 31)
    experts.requests(officers, people, first, last)
    stage.run("request", "list", "--state", "accepted", head=5)
    officer = ("--token-file", tokens["served"])
    plan = _planned(stage, officer, first, last)
    _reasons(stage, officer, plan)
    _published(stage, officer, plan)


def _planned(stage: Stage, officer: tuple[str, str], first: date, last: date) -> str:
    stage.chapter("plan")
    stage.run(
        *officer, "plan", "create", "--title", stage.text("plan_title"), "--division", experts.SERVED,
        "--partner", experts.SENDS, "--from", f"{first}", "--to", f"{last}", head=2,
    )  # fmt: skip
    plan: str = stage.ask(*officer, "plan", "list")[0]["name"]
    stage.run(*officer, "plan", "solve", plan, *ROUNDS)
    stage.run(*officer, "plan", "visits", plan, head=6)
    stage.run(*officer, "plan", "unserved", plan)
    return plan


def _reasons(stage: Stage, officer: tuple[str, str], plan: str) -> None:
    visits = stage.ask(*officer, "plan", "visits", plan)
    for visit in visits[:4]:
        stage.run(*officer, "plan", "explain", plan, visit["request"], "--most", "5")
    for missed in stage.ask(*officer, "plan", "unserved", plan):
        stage.run(*officer, "plan", "why-not", plan, missed["request"])
    stage.run(*officer, "plan", "prices", plan)


def _published(stage: Stage, officer: tuple[str, str], plan: str) -> None:
    stage.chapter("publish")
    stage.run(*officer, "plan", "review", plan, refused=True)
    second = ("--token-file", stage.token("sun", experts.SERVED, "science_officer"))
    stage.run(*second, "plan", "review", plan, head=2)
    stage.run(*officer, "plan", "publish", plan, head=2)
