"""Holds objects for Kubernetes against its schemas: a JSON list on standard input, the versions as arguments."""

import functools
import json
import sys

from kubernetes_validate import utils

# The definitions of a version are megabytes: read once, not once an object.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)

errors = []
for manifest in json.load(sys.stdin):
    for version in sys.argv[1:]:
        name = f"{version}: {manifest['kind']} {manifest['metadata']['name']}"
        try:
            # Older schemas are taken for a version that has none.
            assert utils.validate(manifest, version, strict=True) == version, f"no schemas of {version}"
        except utils.ValidationError as error:
            errors.append(f"{name}: {'.'.join(map(str, error.path))}: {error.message}")
        except (utils.SchemaNotFoundError, utils.InvalidSchemaError) as error:
            errors.append(f"{name}: {error.message}")
json.dump(errors, sys.stdout)
