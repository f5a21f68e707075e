"""Conan's test of the package: builds and runs the same app as the other consumers."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class KefuTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        options = self.dependencies["kefu"].options
        components = [c for c in ("sqlite", "postgres", "nats", "net", "client", "testing")
                      if options.get_safe(c)]
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.cache_variables["HOW"] = "package"
        toolchain.cache_variables["KEFU_COMPONENTS"] = ",".join(["core", "kefu"] + components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder="../app")
        cmake.build(target=self._programs())

    def test(self):
        package = self.dependencies["kefu"]
        library = "libkefu.so" if package.options.shared else "libkefu.a"
        assert os.path.exists(os.path.join(package.package_folder, "lib", library)), library
        if can_run(self):
            for program in self._programs():
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")

    def _programs(self):
        client = self.dependencies["kefu"].options.client
        return ["core-only", "whole"] + (["chat"] if client else [])
