"""Prints the Pythons that the classifiers promise, as outputs of a workflow's step."""

import json
import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
classifiers = "\n".join(project["classifiers"])
pythons = re.findall(r"^.* :: (3\.\d+)$", classifiers, re.MULTILINE)
print(f"all={json.dumps(pythons)}")
print(f"newest={pythons[-1]}")
