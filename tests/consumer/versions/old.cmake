# cmake -DCOMPILER=… -DSOURCE=… -DSCRATCH=… -P old.cmake: compiles src/versions.cpp and src/net/versions.cpp
# against headers that only name a version: first the oldest that kefu takes, then one below it for each library.
cmake_minimum_required(VERSION 3.25)

# library, header, the oldest that is taken, too old, what is said; %V stands for the version, %S for a semicolon.
set(libraries
  "fmt|fmt/format.h|90100|90000|#define FMT_VERSION %V|fmt 9.1"
  "openssl|openssl/opensslv.h|0x30000000L|0x1010117fL|#define OPENSSL_VERSION_NUMBER %V|OpenSSL 3.0"
  "simdjson|simdjson.h|3|2|namespace simdjson { constexpr int SIMDJSON_VERSION_MAJOR = %V%S }|simdjson 3.0"
  "asio|asio/version.hpp|102200|101803|#define ASIO_VERSION %V|Asio 1.22"
  "llhttp|llhttp.h|6|5|#define LLHTTP_VERSION_MAJOR %V|llhttp 6")

# Writes the headers, that of `old` with the version that is too old.
function(write_headers old)
  foreach(library IN LISTS libraries)
    string(REPLACE "|" ";" library "${library}")
    list(GET library 0 name)
    list(GET library 1 header)
    list(GET library 2 version)
    if(name STREQUAL old)
      list(GET library 3 version)
    endif()
    list(GET library 4 text)
    string(REPLACE "%V" "${version}" text "${text}")
    string(REPLACE "%S" ";" text "${text}")
    file(WRITE "${SCRATCH}/${header}" "${text}\n")
  endforeach()
endfunction()

function(compile out)
  set(said "")
  foreach(file versions.cpp net/versions.cpp)
    execute_process(COMMAND "${COMPILER}" -std=c++20 -fsyntax-only -DKEFU_NET_LLHTTP=1 "-I${SCRATCH}"
                            "${SOURCE}/src/${file}"
                    ERROR_VARIABLE error RESULT_VARIABLE failed)
    if(failed)
      string(APPEND said "${error}")
    endif()
  endforeach()
  set(${out} "${said}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
write_headers("")
compile(said)
if(said)
  message(FATAL_ERROR "the oldest versions are refused: ${said}")
endif()
foreach(library IN LISTS libraries)
  string(REPLACE "|" ";" library "${library}")
  list(GET library 0 name)
  list(GET library -1 wanted)
  write_headers(${name})
  compile(said)
  if(NOT said MATCHES "kefu needs ${wanted} or newer")
    message(FATAL_ERROR "an old ${name} should be refused by 'kefu needs ${wanted} or newer': ${said}")
  endif()
endforeach()
