# The packages of cmake/debian-packages.txt in the place of Conan's.
{% set compiler, version, _ = detect_api.detect_default_compiler() %}
[settings]
os=Linux
arch={{ detect_api.detect_arch() }}
compiler={{ compiler }}
compiler.version={{ detect_api.default_compiler_version(compiler, version) }}
compiler.libcxx={{ detect_api.detect_libcxx(compiler, version, _) }}
compiler.cppstd=20
build_type=Release

[platform_requires]
asio/1.22.1
cnats/3.3.0
date/3.0.1
fmt/9.1.0
libpq/15.18
llhttp/6.0.0
openssl/3.0.19
simdjson/3.0.1
sqlite3/3.40.1
xxhash/0.8.1
zlib/1.2.13

[conf]
# The same command lines as in other builds, for ccache: no -m64.
tools.cmake.cmaketoolchain:enabled_blocks=['compilers', 'generic_system', 'cppstd', 'extra_variables', 'find_paths', 'shared', 'variables', 'output_dirs']
tools.cmake.cmaketoolchain:generator=Ninja
