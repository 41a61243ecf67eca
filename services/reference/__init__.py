"""The civic vocabulary: pure functions over dated reference data (政务基础数据).

Nothing here opens a database, a socket or a protocol buffer. Each module answers one question and
reads its data from ``data/`` once, on first use; ``data/SOURCES.md`` says where every file came from.
"""
