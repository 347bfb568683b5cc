"""What `tofu show -json` says of an applied example, for the Go tests: each resource with its values, and the outputs.

What has no value is left out, and so is what says nothing about the module: versions, which values are sensitive, the default tags."""

import json
import sys


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def said(value):
    return value is not None and value != [] and value != {}


def trimmed(value):
    if isinstance(value, dict):
        return {key: inner for key, v in sorted(value.items()) if said(inner := trimmed(v))}
    if isinstance(value, list):
        return [trimmed(v) for v in value]
    return value


values = json.load(sys.stdin)["values"]
state = {
    "outputs": {name: output["value"] for name, output in sorted(values.get("outputs", {}).items())},
    "resources": [
        {"address": r["address"], "type": r["type"], "values": trimmed(r["values"])}
        for r in sorted(resources(values["root_module"]), key=lambda r: r["address"])
        if r["mode"] == "managed"
    ],
}
json.dump(state, sys.stdout, indent=1, ensure_ascii=False)
print()
