"""A function that answers with its event, and fails where the event asks for it: the Runtime API spoken by hand."""

import json
import os
import urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"

while True:
    with urllib.request.urlopen(RUNTIME + "/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = invocation.read()
    print(f"got {len(event)} bytes", flush=True)
    answer, body = "response", event
    if "fail" in json.loads(event):
        answer, body = "error", b'{"errorType":"Asked","errorMessage":"the event asked for it"}'
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request_id}/{answer}", data=body, method="POST")).close()
