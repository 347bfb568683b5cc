"""What AWS SAM's own transform makes of the templates, for the tests that load them: templates/sam/testdata/*.json.

    python sam-transform.py TEMPLATE... --to FOLDER           # write them anew
    python sam-transform.py TEMPLATE... --to FOLDER --check   # say which are out of date

It needs aws-sam-translator and aws-sam-cli, and no network.
"""

import argparse
import json
import logging
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
logging.disable(logging.WARNING)  # of metrics that the translator would send to nobody

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402


def transformed(path: pathlib.Path) -> str:
    template = yaml_parse(path.read_text())
    for resource in template["Resources"].values():
        # The transform runs on what `sam package` has uploaded.
        code = resource.get("Properties", {}).get("CodeUri")
        if isinstance(code, str) and not code.startswith("s3://"):
            resource["Properties"]["CodeUri"] = "s3://package/" + os.path.normpath(code).lstrip("./")
    made = Translator({}, Parser()).translate(template, parameter_values={})
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("templates", nargs="+", type=pathlib.Path)
    arguments.add_argument("--to", required=True, type=pathlib.Path)
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    stale = 0
    for path in given.templates:
        target = given.to / (path.stem + ".json")
        text = transformed(path)
        if not given.check:
            target.write_text(text)
        elif not target.exists() or target.read_text() != text:
            print(f"{target} isn't what the transform makes of {path}: .ci/templates-sam -update")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
