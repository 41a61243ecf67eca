"""protoc over every .proto: the wheel's build hook, and `python protos/build.py` by hand.

The generated modules land beside their `.proto` and are never committed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
FLAVOURS = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def generate() -> list[Path]:
    """Writes the modules of every `.proto` and returns their paths. Exits with protoc's words on a fault."""
    from grpc_tools import protoc  # only a build needs it

    sources = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.proto"))
    well_known = Path(protoc.__file__).parent / "_proto"
    # protoc looks for protoc-gen-mypy on PATH; it stands beside the interpreter
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    outputs = [f"--{kind}_out={ROOT}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    if protoc.main(["protoc", f"-I{ROOT}", f"-I{well_known}", *outputs, *sources]) != 0:
        raise SystemExit("protoc failed: see the lines above")
    return [
        path
        for source in sources
        for flavour in FLAVOURS
        if (path := ROOT / (source.removesuffix(".proto") + flavour)).exists()
    ]


class ProtoHook(BuildHookInterface):  # type: ignore[type-arg]
    """Generates before the wheel, or the editable install, is put together."""

    PLUGIN_NAME = "protos"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the generated modules, which git ignores, to the wheel."""
        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in generate()]


if __name__ == "__main__":
    print(f"{len(generate())} modules written")
