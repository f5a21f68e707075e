#!/usr/bin/env python3
"""check.py PACKAGES: whether the manifests here are what Kubernetes takes, and the check finds what is not.

The schemas come with kubernetes-validate, which pip fetches once into the folder PACKAGES."""

import pathlib
import subprocess
import sys

VALIDATOR = "kubernetes-validate==1.37.0"
VERSIONS = ["1.27", "1.37"]


def fetch(packages):
    if not (packages / "kubernetes_validate").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                        "--target", packages, VALIDATOR], check=True)
    sys.path.insert(0, str(packages))


def main():
    fetch(pathlib.Path(sys.argv[1]))
    import kubernetes_validate
    import yaml

    def check(manifest):
        for version in VERSIONS:
            kubernetes_validate.validate(manifest, version, strict=True)

    checked = 0
    for file in pathlib.Path(__file__).parent.glob("*.yaml"):
        for manifest in yaml.safe_load_all(file.read_text()):
            check(manifest)
            checked += 1
            try:
                check({**manifest, "spec": {**manifest["spec"], "replicsa": 3}})
            except kubernetes_validate.ValidationError:
                continue
            raise SystemExit(f"a wrong {manifest['kind']} passes")
    if not checked:
        raise SystemExit("no manifests")
    print(f"{checked} manifests are good")


main()
