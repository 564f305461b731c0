"""Prints the schema that Python's Prefect makes of the parameters in schema_test.go."""

import datetime
import enum
import json
from typing import Any, Dict, List, Literal, Optional

from prefect.utilities.callables import parameter_schema
from pydantic import BaseModel, Field
from typing_extensions import Annotated


class Inner(BaseModel):
    a: int = Field(3, ge=1, le=9, title="The A", description="an a")
    b: Optional[str] = Field(None, title="b")
    when: datetime.datetime = Field(title="when")


def flow(
    n: int,
    x: Annotated[float, Field(ge=0.5, le=2)] = 1.5,
    s: str = "a",
    b: bool = False,
    tags: List[str] = ["p", "q"],
    lit: Literal["u", "v"] = "u",
    some: Literal[1, 2, 3] = 2,
    inner: Inner = Inner(when=datetime.datetime(2026, 1, 2, 3, 4, 5)),
    o: Optional[int] = None,
    d: datetime.datetime = datetime.datetime(2026, 1, 2, 3, 4, 5),
    inners: List[Inner] = [],
    m: Dict[str, int] = {},
    td: datetime.timedelta = datetime.timedelta(minutes=1, seconds=30),
    anything: Any = None,
    word: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")] = "abc",
):
    """A flow.

    Args:
        n: the number
    """


print(json.dumps(parameter_schema(flow).model_dump_for_openapi()))
