"""agree.py SOURCE COMPONENT:NEED,…:PACKAGE,… …: the recipes say the same as the build.

The arguments are what this build's CMake registered of each component. Checked against them: conanfile.py, the
port and the manifest of vcpkg, their form, and the lists of Debian packages.
"""

import ast
import json
import pathlib
import re
import sys

# What each list calls a library: CMake's find_package, Conan, vcpkg, Debian.
LIBRARIES = [
    ("Asio", "asio", "asio", "libasio-dev"),
    ("Cnats", "cnats", "cnats", "libnats-dev"),
    ("HttpParser", "llhttp", "llhttp", "libhttp-parser-dev"),  # Debian 12 has only its forerunner
    ("Llhttp", "llhttp", "llhttp", "libhttp-parser-dev"),
    ("OpenSSL", "openssl", "openssl", "libssl-dev"),
    ("PostgreSQL", "libpq", "libpq", "libpq-dev"),
    ("SQLite3", "sqlite3", "sqlite3", "libsqlite3-dev"),
    ("ZLIB", "zlib", "zlib", "zlib1g-dev"),
    ("date", "date", "date", "libhowardhinnant-date-dev"),
    ("fmt", "fmt", "fmt", "libfmt-dev"),
    ("simdjson", "simdjson", "simdjson", "libsimdjson-dev"),
]
# Of the C library.
NO_PACKAGE = {"Threads"}
# Header-only, so no config looks for it.
BUILD_ONLY = ("xxhash", "xxhash", "libxxhash-dev")
# What only kefu's own manifest has, for who works on kefu with vcpkg.
OWN_FEATURES = {"examples": ["cli11", "jemalloc", "spdlog", "tomlplusplus"], "tests": ["doctest"]}
# The order in which vcpkg format-manifest writes.
FIELDS = ["$schema", "name", "version-semver", "description", "license", "supports", "dependencies",
          "default-features", "features"]

failures = []


def expect(what, found, wanted):
    if found != wanted:
        failures.append(f"{what}: {found!r}, expected {wanted!r}")


def conan_recipe(path):
    """The tables and the class of conanfile.py, read without Conan."""
    values = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                pass
    return values


def names(dependencies):
    return [d if isinstance(d, str) else d["name"] for d in dependencies]


def check_form(path):
    """What format-manifest would leave as it is, with what vcpkg's schema asks of the fields used here."""
    text = path.read_text()
    manifest = json.loads(text)
    expect(f"{path}: layout", text, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    expect(f"{path}: order", list(manifest), [f for f in FIELDS if f in manifest])
    expect(f"{path}: supports", manifest["supports"], "linux")
    expect(f"{path}: features", list(manifest["features"]), sorted(manifest["features"]))
    expect(f"{path}: default features", manifest["default-features"],
           sorted(manifest["default-features"]))
    for owner in [manifest, *manifest["features"].values()]:
        listed = names(owner.get("dependencies", []))
        expect(f"{path}: dependencies", listed, sorted(listed))
        expect(f"{path}: described", bool(owner.get("description")), True)
        for dependency in owner.get("dependencies", []):
            if isinstance(dependency, dict):
                unknown = dependency.keys() - {"name", "host", "default-features", "features", "platform"}
                expect(f"{path}: fields of {dependency['name']}", unknown, set())
    for name in [manifest["name"], *manifest["features"], *names(manifest["dependencies"])]:
        expect(f"{path}: name {name}", bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)), True)
    return manifest


def main():
    source = pathlib.Path(sys.argv[1])
    built = {}
    for argument in sys.argv[2:]:
        component, needs, packages = argument.split(":")
        built[component] = ([n for n in needs.split(",") if n], [p for p in packages.split(",") if p])

    header = (source / "include/kefu/version.hpp").read_text()
    version = ".".join(re.findall(r"#define KEFU_VERSION_\w+ (\d+)", header))
    debian = {line.split()[0] for line in (source / "cmake/debian-packages.txt").read_text().splitlines()
              if line and not line.startswith("#")}
    options = set(re.findall(r"^option\(KEFU_(\w+) \"Build kefu::", (source / "CMakeLists.txt").read_text(),
                             re.MULTILINE))
    recipe = conan_recipe(source / "conanfile.py")
    port = check_form(source / "cmake/vcpkg/ports/kefu/vcpkg.json")
    manifest = check_form(source / "vcpkg.json")

    # The version, and the two manifests of vcpkg.
    expect("the port's version", port["version-semver"], version)
    own = {**manifest, "features": {k: v for k, v in manifest["features"].items() if k not in OWN_FEATURES}}
    del own["$schema"]
    tools = [{"name": "vcpkg-cmake", "host": True}, {"name": "vcpkg-cmake-config", "host": True}]
    expect("the port without vcpkg's tools is kefu's own manifest",
           {**port, "dependencies": [d for d in port["dependencies"] if d not in tools]}, own)
    for feature, dependencies in OWN_FEATURES.items():
        expect(f"feature {feature}", manifest["features"][feature]["dependencies"], dependencies)

    # Components: the options of CMake, of Conan and the features of vcpkg.
    features = set(port["features"])
    expect("features of vcpkg", features, {name.lower() for name in options})
    expect("options of Conan", set(recipe["options"]) - {"shared", "fPIC"}, features)
    expect("Conan's defaults", {f for f in features if recipe["default_options"][f]},
           set(port["default-features"]))
    expect("Conan's components", set(recipe["COMPONENTS"]), features | {"core", "kefu"})

    # What each component links.
    whole = set(names(port["dependencies"])) - {tool["name"] for tool in tools} - {BUILD_ONLY[1]}
    for component, (needs, packages) in built.items():
        rows = [row for row in LIBRARIES if row[0] in packages]
        expect(f"known packages of {component}", {row[0] for row in rows}, set(packages) - NO_PACKAGE)
        conan_needs, conan_packages = recipe["COMPONENTS"][component]
        expect(f"Conan: {component} needs", conan_needs, needs)
        expect(f"Conan: {component} links", {p.split("::")[0] for p in conan_packages} - {BUILD_ONLY[0]},
               {row[1] for row in rows})
        # A feature lists what the whole does not bring along.
        linked = {row[2] for row in rows}
        listed = set(names(port["features"].get(component, {}).get("dependencies", [])))
        if component == "kefu":
            listed = whole
        elif component != "core":
            linked -= whole
        expect(f"vcpkg: {component} links", listed - {"kefu"}, linked)
        expect(f"Debian: {component} links", {row[3] for row in rows} - debian, set())
    expect("header-only", (BUILD_ONLY[0] in recipe["PACKAGES"], BUILD_ONLY[1] in names(port["dependencies"]),
                           BUILD_ONLY[2] in debian), (True, True, True))
    expect("Conan's packages", set(recipe["PACKAGES"]), {row[1] for row in LIBRARIES} | {BUILD_ONLY[0]})
    expect("Conan's system libraries", {name.split("::")[0] for name in recipe["SYSTEM_LIBS"]},
           set(recipe["PACKAGES"]))

    for failure in failures:
        print(failure)
    print(f"{len(built)} components, {len(LIBRARIES)} libraries, {len(failures)} disagreements")
    return 1 if failures else 0


sys.exit(main())
