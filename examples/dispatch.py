"""The third part of the demo: a plan of who goes to which host until the end of the quarter, and what becomes of it.

Twenty commissioners and sixty requests are brought in by the client's own connection, step by step as everybody else has to;
only what follows is shown.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from examples import experts
from examples.stage import Stage, set_clock
from services.reference.clock import SHANGHAI

Officer: TypeAlias = tuple[str, str]  # the options by which the client takes a token
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
    "result": ("有改善", "it has become better"),
    "summary": ("结果", "summary"),
    "absences": ("请假", "absences"),
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
    officer, unit = ("--token-file", tokens["served"]), ("--token-file", tokens["unit"])
    plan = _planned(stage, officer, first, last)
    _reasons(stage, officer, plan)
    second = _published(stage, officer, plan)
    again = _ill(stage, officer, second, unit, plan)
    _served(stage, officer, unit)
    _views(stage, officer, again)


def _planned(stage: Stage, officer: Officer, first: date, last: date) -> str:
    stage.chapter("plan")
    stage.run(
        *officer, "plan", "create", "--title", stage.text("plan_title"), "--division", experts.SERVED,
        "--partner", experts.SENDS, "--from", f"{first}", "--to", f"{last}", head=2,
    )  # fmt: skip
    plan: str = stage.ask(*officer, "plan", "list")[0]["name"]
    stage.run(*officer, "plan", "solve", plan, *ROUNDS, since=stage.text("summary"), head=8)
    stage.run(*officer, "plan", "unserved", plan)
    return plan


def _reasons(stage: Stage, officer: Officer, plan: str) -> None:
    """One choice, one refusal."""
    visits = stage.ask(*officer, "plan", "visits", plan)
    wished = next(visit for visit in visits if visit["continuity_points"])
    stage.chapter("choice")
    stage.run(*officer, "plan", "explain", plan, wished["request"], "--most", "4")
    missed = stage.ask(*officer, "plan", "unserved", plan, "--cause", "outweighed")[0]
    stage.chapter("refusal")
    stage.run(*officer, "plan", "why-not", plan, missed["request"])


def _published(stage: Stage, officer: Officer, plan: str) -> Officer:
    """Who has reviewed it."""
    stage.chapter("publish")
    state = stage.text("state")
    stage.run(*officer, "plan", "review", plan, refused=True)
    second = ("--token-file", stage.token("sun", experts.SERVED, "science_officer"))
    stage.run(*second, "plan", "review", plan, only=state)
    stage.run(*officer, "plan", "publish", plan, only=state)
    return second


def _ill(stage: Stage, officer: Officer, second: Officer, unit: Officer, plan: str) -> str:
    """The plan that takes the place of the first."""
    visits = stage.ask(*officer, "plan", "visits", plan)
    first = stage.today + timedelta(days=14)
    last = first + timedelta(days=11)
    hit = Counter(
        visit["commissioner"] for visit in visits if any(f"{first}" <= day <= f"{last}" for day in visit["days"])
    )
    who = hit.most_common(1)[0][0]
    for each in stage.ask(*officer, "assignment", "list", "--commissioner", who):
        stage.ask(*unit, "assignment", "accept", each["name"])
    stage.chapter("ill", who=stage.ask(*officer, "commissioner", "show", who)["masked_name"])
    stage.run(*unit, "commissioner", "availability", who, "--absent", f"{first}..{last}", since=stage.text("absences"))
    stage.run(
        *officer, "plan", "replan", plan, "--title", stage.text("again_title"), "--prices", "3", *ROUNDS,
        since=stage.text("summary"), head=7,
    )  # fmt: skip
    again: str = stage.ask(*officer, "plan", "list")[0]["name"]
    stage.run(*officer, "plan", "promises", again, "--fate", "moved", "--fate", "shifted", "--fate", "dropped")
    stage.run(*officer, "plan", "compare", again, plan)
    stage.run(*second, "plan", "review", again, only=stage.text("state"))
    stage.run(*officer, "plan", "publish", again, only=stage.text("state"))
    return again


def _served(stage: Stage, officer: Officer, unit: Officer) -> None:
    """The assignment that is over first: accepted, logged day by day, confirmed, rated."""
    assigned = stage.ask(*officer, "assignment", "list", "--state", "assigned", "--limit", "0")
    first = min(assigned, key=lambda each: (each["days"][-1], each["name"]))
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
        if day == first["days"][-1]:
            stage.run(*logged, only=state)
        else:
            stage.ask(*logged)
    for visit in stage.ask(*host, "visit", "list", "--assignment", first["name"])[::-1]:
        stage.ask(*host, "visit", "confirm", visit["name"])
    stage.run(*host, "assignment", "rate", first["name"], "--rating", "very-satisfied", only=state)


def _views(stage: Stage, officer: Officer, plan: str) -> None:
    """Who is where."""
    stage.chapter("views")
    stage.run(*officer, "plan", "gantt", plan, "plan.html")
    stage.run(*officer, "assignment", "gantt", "dispatch.html")
    host = experts.hosts()[0][0]
    stage.run(*officer, "assignment", "ics", "host.ics", "--host-code", host)
    who = Counter(visit["commissioner"] for visit in stage.ask(*officer, "plan", "visits", plan)).most_common(1)[0][0]
    stage.run(*officer, "assignment", "ics", "commissioner.ics", "--commissioner", who)
    stage.run(*officer, "assignment", "calendar", "--commissioner", who)
