"""Reads messages' bodies as Celery's worker does (kombu): JSON in by lines, what they are as JSON out by lines."""
import base64
import json
import sys

from kombu.message import Message
from kombu.serialization import prepare_accept_content

accept = prepare_accept_content(["json", "yaml", "msgpack"])
for line in sys.stdin:
    sent = json.loads(line)
    message = Message(
        body=base64.b64decode(sent["body"]),
        content_type=sent["contentType"],
        content_encoding=sent["contentEncoding"],
        headers=sent["headers"],
        accept=accept,
    )
    print(json.dumps(message.decode(), default=lambda value: {"bytes": value.hex()}))
