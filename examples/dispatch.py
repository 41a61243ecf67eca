"""The third part of the demo: a plan of who goes to which host until the end of the quarter, and what becomes of it.

Twenty commissioners and sixty requests come in step by step, as everybody's have to; only what follows is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

from examples import experts
from examples.stage import Stage, set_clock
from services.reference.clock import SHANGHAI

Officer: TypeAlias = tuple[str, str]  # the options by which the client takes a token
TEXTS = {
    "people": (
        "科技特派员 20 人（含一个团队、一个法人）登记在册，协议有效；高唐各镇街 60 项需求已受理",
        "20 commissioners, a team and a unit among them, have agreements in force; 60 requests of Gaotang are accepted",
    ),
    "plan": (
        "排出本季度余下的派驻计划，并证明离最优还有多远",
        "A plan for the rest of the quarter, with a proof of how near the best it is",
    ),
    "plan_title": ("高唐县四季度派驻计划", "Dispatch to Gaotang, fourth quarter"),
    "choice": ("为什么派这个人？", "Why is this one sent?"),
    "refusal": (
        "为什么没有安排？列出的办法都试算过，照办即可安排",
        "Why is nobody sent? Each change named was tried, and serves the request",
    ),
    "publish": (
        "经另一人审阅后发布，一次生成全部派驻任务",
        "Another officer reviews it; publishing makes every assignment at once",
    ),
    "ill": (
        "{who} 病假两周：重排，已有承诺尽量不动",
        "{who} is ill for two weeks: planned again, with as few promises changed as can be",
    ),
    "again_title": ("高唐县四季度派驻计划（重排）", "Dispatch to Gaotang, fourth quarter, again"),
    "served": (
        "{day}，第一家服务完成：写日志，对方确认并评价",
        "{day}, the first host has been served: a log is written, confirmed and rated",
    ),
    "measure": ("现场检查并示范", "looked at it and showed what to do"),
    "result": ("已有改善", "it has become better"),
    "views": ("谁在哪里：甘特图、日历文件和月历", "Who is where: a chart, a calendar file and the months"),
    "summary": ("摘要", "summary"),
}
ROUNDS = ("--rounds", "20", "--steps", "160")  # counts, not seconds: the same plan each time


def play(stage: Stage) -> None:
    """The story, from the register to a chart."""
    today, language = stage.today, "en" if stage.english else "zh"
    tokens = {
        "unit": stage.token("yuan", experts.SENDS, "institution", experts.INSTITUTE, quiet=True),
        "county": stage.token("shizhong", experts.SENDS, "science_officer", quiet=True),
        "city": stage.token("jinan", experts.CITY, "science_officer", quiet=True),
        "served": stage.token("liu", experts.SERVED, "science_officer", quiet=True),
    }
    stage.chapter("people")
    desks = experts.Desks(**{role: experts.Clerk(token, language) for role, token in tokens.items()})
    people = experts.register(desks, today)
    stage.run("commissioner", "list", "--state", "filed", head=3)
    first, last = today + timedelta(days=1), date(today.year, 12, 31)
    experts.requests(desks, people, first, last)
    stage.run("request", "list", "--state", "accepted", head=3)
    officer, unit = ("--token-file", tokens["served"]), ("--token-file", tokens["unit"])
    plan = _planned(stage, officer, first, last)
    _reasons(stage, officer, plan)
    second = _published(stage, officer, plan)
    _ill(stage, officer, second, unit, plan)
    _served(stage, officer, unit)
    _views(stage, officer)


def _planned(stage: Stage, officer: Officer, first: date, last: date) -> str:
    stage.chapter("plan")
    stage.run(
        *officer, "plan", "create", "--title", stage.text("plan_title"), "--division", experts.SERVED,
        "--partner", experts.SENDS, "--from", f"{first}", "--to", f"{last}", head=1,
    )  # fmt: skip
    plan: str = stage.ask(*officer, "plan", "list")[0]["name"]
    stage.run(*officer, "plan", "solve", plan, *ROUNDS, since=stage.text("summary"), head=7)
    stage.run(*officer, "plan", "unserved", plan)
    return plan


def _reasons(stage: Stage, officer: Officer, plan: str) -> None:
    """One choice, one refusal."""
    visits = stage.ask(*officer, "plan", "visits", plan)
    wished = next(visit for visit in visits if visit["continuity_points"])
    stage.chapter("choice")
    stage.run(*officer, "plan", "explain", plan, wished["request"], "--most", "3", head=6)
    missed = stage.ask(*officer, "plan", "unserved", plan, "--cause", "outweighed")[0]
    stage.chapter("refusal")
    stage.run(*officer, "plan", "why-not", plan, missed["request"], head=5)


def _published(stage: Stage, officer: Officer, plan: str) -> Officer:
    """Who has reviewed it."""
    stage.chapter("publish")
    state = stage.text("state")
    stage.run(*officer, "plan", "review", plan, refused=True)
    second = ("--token-file", stage.token("sun", experts.SERVED, "science_officer"))
    stage.run(*second, "plan", "review", plan, only=state)
    stage.run(*officer, "plan", "publish", plan, only=state)
    return second


def _ill(stage: Stage, officer: Officer, second: Officer, unit: Officer, plan: str) -> None:
    """Whoever has most visits in two weeks is ill; what was promised for then has been accepted."""
    first, last = stage.today + timedelta(days=14), stage.today + timedelta(days=25)
    visits = stage.ask(*officer, "plan", "visits", plan, "--limit", "0")
    who = _busiest(visit for visit in visits if any(f"{first}" <= day <= f"{last}" for day in visit["days"]))
    for each in stage.ask(*officer, "assignment", "list", "--commissioner", who):
        stage.ask(*unit, "assignment", "accept", each["name"])
    stage.chapter("ill", who=stage.ask(*officer, "commissioner", "show", who)["masked_name"])
    stage.run(*unit, "commissioner", "availability", who, "--absent", f"{first}..{last}", only=f"{last}")
    stage.run(
        *officer, "plan", "replan", plan, "--title", stage.text("again_title"), *ROUNDS,
        since=stage.text("summary"), head=7,
    )  # fmt: skip
    again: str = stage.ask(*officer, "plan", "list")[0]["name"]
    changed = [word for fate in ("moved", "shifted", "dropped") for word in ("--fate", fate)]
    stage.run(*officer, "plan", "promises", again, *changed)
    stage.run(*officer, "plan", "compare", plan, again, head=3)
    stage.ask(*second, "plan", "review", again)
    stage.run(*officer, "plan", "publish", again, only=stage.text("state"))


def _busiest(visits: Iterable[Mapping[str, Any]]) -> str:
    return Counter(str(visit["commissioner"]) for visit in visits).most_common(1)[0][0]


def _served(stage: Stage, officer: Officer, unit: Officer) -> None:
    """The shortest assignment that is over first: accepted, logged, confirmed, rated."""
    assigned = stage.ask(*officer, "assignment", "list", "--state", "assigned", "--limit", "0")
    first = min(assigned, key=lambda each: (len(each["days"]), each["days"][-1], each["name"]))
    request = stage.ask(*officer, "request", "show", first["request"])
    stage.ask(*unit, "assignment", "accept", first["name"])
    host = ("--token-file", stage.token("host", experts.SERVED, "enterprise", request["host_credit_code"], quiet=True))
    until = date.fromisoformat(first["days"][-1])
    set_clock(datetime.combine(until, time(17), SHANGHAI))
    stage.chapter("served", day=until)
    state = stage.text("state")
    for day in first["days"]:
        logged = (
            *unit, "visit", "log", "--assignment", first["name"], "--day", day, "--start", "09:00", "--end", "16:00",
            "--place", request["place"], "--category", "on-site-guidance", "--problem", request["problem"],
            "--measure", stage.text("measure"), "--result", stage.text("result"), "--beneficiaries", "12",
        )  # fmt: skip
        stage.run(*logged, only=state)
    for visit in stage.ask(*host, "visit", "list", "--assignment", first["name"])[::-1]:
        stage.ask(*host, "visit", "confirm", visit["name"])
    stage.run(*host, "assignment", "rate", first["name"], "--rating", "very-satisfied", only=state)


def _views(stage: Stage, officer: Officer) -> None:
    """Who is where."""
    stage.chapter("views")
    who = _busiest(stage.ask(*officer, "assignment", "list", "--limit", "0"))
    stage.run(*officer, "assignment", "gantt", "dispatch.html")
    stage.run(*officer, "assignment", "ics", "host.ics", "--host-code", experts.hosts()[0][0])
    stage.run(*officer, "assignment", "ics", "commissioner.ics", "--commissioner", who)
    stage.run(*officer, "assignment", "calendar", "--commissioner", who, head=8)
