"""A schema that every table keeps to, for tests that are not about what tables hold."""

from qcrystal.io.schemas import Schema, text
from qcrystal.io.table_schemas.registry import TABLES

ANY = "any"
TABLES.setdefault(ANY, Schema("Any table.", (), (text("<name>", "anything"),), (), may_be_empty=True))
