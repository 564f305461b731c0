"""Loads the block of a storage as Prefect's users do.

Usage: block.py NAME, with PREFECT_API_URL set, run with the interpreter that `stack/venv prefect` prints. Prints one JSON object.
"""

import json
import sys

from prefect.filesystems import RemoteFileSystem

block = RemoteFileSystem.load(sys.argv[1])
print(json.dumps({"basepath": block.basepath, "settings": block.settings}))
