"""What all sections of a configuration share: frozen, no unknown key, paths taken from the folder of the file."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9][\w .+-]*$")]


class Section(BaseModel):
    """A part of the configuration: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _place(value: str, info: ValidationInfo) -> str:
    """Fill in variables, and take a relative path from the folder of the configuration, where that is known."""
    filled = os.path.expandvars(value)
    if "$" in filled:
        raise ValueError(f"{value!r} names an environment variable that is not set")
    if filled.startswith("~"):
        filled = str(Path(filled).expanduser())
    folder = (info.context or {}).get("folder")
    is_dataset = ":" in filled.split("/")[0] and not Path(filled).drive
    return filled if folder is None or is_dataset or Path(filled).is_absolute() else str(folder / filled)


#: A file, folder or dataset such as survset:NAME.
Place = Annotated[str, Field(min_length=1), AfterValidator(_place)]
