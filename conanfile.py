"""The Conan 2 recipe of kefu. A component is an option; find_package(kefu COMPONENTS …) and the targets
kefu::kefu, kefu::net … are those of the installed CMake config."""

import os
import re

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.4"

# What kefu takes of each package; the newest major version is one that kefu was tried with.
PACKAGES = {
    "asio": "[>=1.22 <2]",
    "cnats": "[>=3.3 <4]",
    "date": "[>=3.0.1 <4]",
    "fmt": "[>=9.1 <12]",
    "libpq": "[>=14]",
    "llhttp": "[>=6 <10]",
    "openssl": "[>=3.0 <4]",
    "simdjson": "[>=3.0.1 <5]",
    "sqlite3": "[>=3.40 <4]",
    "xxhash": "[>=0.8 <1]",
    "zlib": "[>=1.2.11 <2]",
}

# What to link of a package that a profile's platform_requires leave to the system: of those Conan knows
# nothing. Names as Debian has them.
SYSTEM_LIBS = {
    "asio": [],
    "cnats": ["nats"],
    "date": ["date-tz"],
    "fmt": ["fmt"],
    "libpq": ["pq"],
    "llhttp": ["http_parser"],
    "openssl": ["ssl", "crypto"],
    "openssl::crypto": ["crypto"],
    "simdjson": ["simdjson"],
    "sqlite3": ["sqlite3"],
    "xxhash": [],
    "zlib": ["z"],
}

# Each component: those of kefu's that it needs, and what it links of each package.
COMPONENTS = {
    "core": ([], []),
    "kefu": (["core"], ["simdjson", "fmt", "openssl::crypto", "date", "xxhash"]),
    "sqlite": (["kefu"], ["sqlite3", "fmt", "xxhash"]),
    "postgres": (["kefu"], ["libpq"]),
    "nats": (["kefu"], ["cnats"]),
    "net": (["kefu"], ["asio", "llhttp", "openssl", "zlib", "simdjson", "fmt"]),
    "client": (["net"], ["xxhash"]),
    "testing": (["kefu"], []),
}


class KefuConan(ConanFile):
    name = "kefu"
    description = "Live-chat customer service inside a C++ backend"
    license = "Apache-2.0"
    topics = ("chat", "customer-service", "websocket", "asio")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "sqlite": [True, False],
        "postgres": [True, False],
        "nats": [True, False],
        "net": [True, False],
        "client": [True, False],
        "testing": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "sqlite": True,
        "postgres": False,
        "nats": False,
        "net": True,
        "client": True,
        "testing": True,
        "date/*:use_system_tz_db": True,
    }
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    test_package_folder = "tests/consumer/conan"

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, "include/kefu/version.hpp"))
        self.version = ".".join(re.findall(r"#define KEFU_VERSION_\w+ (\d+)", header))

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        linked = [package for c in self._chosen() for package in COMPONENTS[c][1]]
        for package in sorted({name.split("::")[0] for name in linked}):
            self.requires(f"{package}/{PACKAGES[package]}", transitive_headers=package == "asio")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("kefu is for Linux")
        if self.options.client and not self.options.net:
            raise ConanInvalidConfiguration("kefu::client is on kefu::net: set net=True")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        for variable in ("BUILD_TESTS", "BUILD_EXAMPLES"):
            toolchain.cache_variables[f"KEFU_{variable}"] = False
        for component in COMPONENTS:
            if component in self.options:
                chosen = component in self._chosen()
                toolchain.cache_variables[f"KEFU_{component.upper()}"] = chosen
        toolchain.generate()
        deps = CMakeDeps(self)
        # For these kefu has find modules, whose targets Conan's would hide.
        for package in ("asio", "cnats", "llhttp"):
            deps.set_property(package, "cmake_find_mode", "none")
        deps.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan writes them anew for where the package will lie.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        # A build without, say, libpq leaves kefu::postgres out.
        libraries = os.listdir(os.path.join(self.package_folder, "lib"))
        built = {os.path.splitext(name)[0] for name in libraries}
        for component in self._chosen():
            if component != "core" and f"lib{self._library(component)}" not in built:
                raise ConanException(f"kefu::{component} was asked for and is not built")

    def package_info(self):
        self.cpp_info.set_property("cmake_target_name", "kefu::all")
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        for component in self._chosen():
            needs, packages = COMPONENTS[component]
            info = self.cpp_info.components[component]
            info.set_property("cmake_target_name", f"kefu::{component}")
            info.set_property("pkg_config_name", self._library(component).replace("_", "-"))
            info.requires = list(needs)
            if component == "core":
                continue
            info.libs = [self._library(component)]
            info.system_libs = ["pthread"]
            for package in packages:
                if package.split("::")[0] in self.dependencies.host:
                    info.requires.append(package if "::" in package else f"{package}::{package}")
                elif not self.options.shared:
                    info.system_libs += SYSTEM_LIBS[package]
            if component == "net":
                # Its headers show Asio.
                info.defines = ["ASIO_STANDALONE", "ASIO_NO_DEPRECATED"]

    def _chosen(self):
        return [c for c in COMPONENTS if self.options.get_safe(c, True)]

    def _library(self, component):
        return "kefu" if component == "kefu" else f"kefu_{component}"
