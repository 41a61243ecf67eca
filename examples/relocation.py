"""The second part of the demo: a family moves with an order, and its case passes from one government to the other.

It happened in February 2026 and is entered afterwards (补录), so that a clock runs over the Spring Festival.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from examples.stage import Stage
from services.reference import resident_id

TEXTS = {
    "relocation": (
        "周样例随订单从济南迁来高唐：一个个案，养老、医保和两个孩子上学并行",
        "周样例 moves to Gaotang for the order: one case for pension, medical insurance and two children's schools",
    ),
    "paper": ("据纸质卷补录", "entered from the paper file"),
    "offer": (
        "济南移交高唐：接收之前，对方只看到摘要",
        "Jinan hands it over: before Gaotang accepts, it sees a summary and nothing else",
    ),
    "moved": ("下周一到岗", "starts work on Monday"),
    "taken": ("高唐签收，个案由它办", "Gaotang signs for it, and the case is its own"),
    "documents": (
        "缺材料不受理，一次说清",
        "Without the documents nothing is accepted, and everything missing is said at once",
    ),
    "accepted": ("材料交齐，受理，十五个工作日起算", "With them it is accepted, and fifteen working days begin"),
    "explain": (
        "哪天到期，逐日说明：2 月 14 日调休上班算，春节不算",
        "When is it due? Day by day: 14 February, a make-up working day, counts; the Spring Festival does not",
    ),
    "relay": ("养老转移三方接力：钟在谁手里", "Three legs of a pension transfer: who holds the clock"),
    "progress": (
        "本人凭回执号和手机尾号查进度，看不到别的",
        "She asks herself, by receipt number and the tail of her phone, and is told no more than how it stands",
    ),
    "holder": ("现由", "Held by"),
}
NUMBER = resident_id.make("370103", date(1991, 3, 4), 27)
PHONE = "13755550002"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"  # a page of nothing


def play(stage: Stage, order: str) -> None:
    """The story, from intake to a deadline that is explained; `order` is what brings her."""
    Path("zhou.txt").write_text(NUMBER, encoding="utf-8")
    stage.chapter("relocation")
    late = ("--late-reason", stage.text("paper"))
    jinan = ("--token-file", stage.token("wang", "370103", "caseworker"))
    gaotang = ("--token-file", stage.token("zhao", "371526", "caseworker"))
    matters = [
        word for key in ("pension", "medical", "school_new-1", "school_transfer-2") for word in ("--matter", key)
    ]
    stage.run(
        *jinan, "case", "open", "--from", "370103", "--to", "371526", "--name", "周样例", "--id", "-",
        "--phone", PHONE, "--brought-by", order, *matters, "--family", "child", "--family", "child",
        "--occurred", "2026-02-10 09:00", *late, reads="zhou.txt", head=14,
    )  # fmt: skip
    case = stage.ask(*jinan, "case", "list")[0]["name"]
    stage.chapter("offer")
    stage.run(*jinan, "handover", "offer", case, "--reason", stage.text("moved"), head=2)
    handover = stage.ask(*gaotang, "handover", "list")[0]["name"]
    stage.run(*gaotang, "handover", "show", handover)
    stage.run(*gaotang, "case", "show", case, refused=True)
    stage.chapter("taken")
    stage.run(*gaotang, "handover", "accept", handover, head=2)
    stage.run(*gaotang, "case", "show", case, only=stage.text("holder"))
    _clock(stage, gaotang, late, f"{case}/matters/pension")
    stage.chapter("progress")
    stage.run("case", "progress", case.partition("/")[2], "--phone-tail", PHONE[-4:])


def _clock(stage: Stage, officer: tuple[str, str], late: tuple[str, str], pension: str) -> None:
    check, review = f"{pension}/steps/check", f"{pension}/steps/review"
    stage.chapter("documents")
    stage.ask(*officer, "case", "advance", check, "--occurred", "2026-02-10 10:00", *late)
    done = ("--outcome", "needed", "--result", "evidence=查询截图", "--occurred", "2026-02-10 10:30")
    stage.ask(*officer, "case", "advance", check, *done, *late)
    accept = (*officer, "case", "accept", review, "--occurred", "2026-02-11 09:30", *late)
    stage.run(*officer, "case", "receive", review, "--occurred", "2026-02-11 09:00", *late, only=stage.text("state"))
    stage.run(*accept, refused=True)
    stage.chapter("accepted")
    for number, key in enumerate(("identity", "application")):
        Path(f"{key}.pdf").write_bytes(PDF + b"%" * number)
        stage.run(*officer, "document", "upload", review, key, f"{key}.pdf", head=5)
    stage.run(*accept, only=stage.text("state"))
    stage.chapter("explain")
    stage.run(*officer, "case", "explain", review)
    stage.chapter("relay")
    stage.run(*officer, "case", "relay", pension)
