# cmake -DROOT=<repository> -P check_includes.cmake
#
# Fails on an include that the layers forbid. A public header may include the standard library, kefu's
# own headers of its layer or below, and, inside kefu/net only, Asio; everything else (simdjson, fmt,
# SQLite, OpenSSL, POSIX …) stays in src/. What is compiled in src/ keeps to the same layers.
cmake_minimum_required(VERSION 3.25)

# A layer is a regular expression over paths below include/ (or src/, read as kefu/).
set(model "kefu/model/")
set(values "kefu/(callback|error|result|limits|record|desk_record|desk_keys|append_batch)\\.")
set(basics "kefu/(completion|shared_frame|logger|metrics|version)\\.|${values}|${model}")
set(core "kefu/core/|${values}|${model}")
set(ports "kefu/(transport|store|bus|policy|files|executor|clock|auth|auditor|event_sink)\\.|${basics}")
# What a store folds in memory is a machine of the core; its rows are not.
set(stores "${ports}|${core}")
set(wire "kefu/wire/|${basics}")
set(facade "kefu/(desk|failure_limit|hub|jwt_keys|login_guard|session|(file|keyword|link|rate)_policy|file_scan)\\.|${ports}|${wire}|${core}")

# The first row whose pattern matches a file says which of kefu's headers that file may include.
set(rules
    # The codes of errors are values too: frames carry them.
    "kefu/model/" "kefu/error\\.|${model}"
    "${values}" "${values}|${model}"
    "kefu/core/" "${core}"
    "kefu/(completion|shared_frame|logger|metrics|version)\\." "${basics}"
    "kefu/(transport|store|bus|policy|files|executor|clock|auth|auditor|event_sink)\\." "${ports}"
    "kefu/time_zone\\." "kefu/time_zone\\.|${basics}"
    "kefu/wire/" "${wire}"
    "kefu/memory/" "kefu/memory/|${stores}"
    "kefu/disk/" "kefu/disk/|${stores}"
    # A line of an audit log is JSON.
    "kefu/audit/" "kefu/audit/|kefu/wire/json_|${ports}"
    "kefu/sqlite/" "kefu/sqlite/|${stores}"
    "kefu/postgres/" "kefu/postgres/|${stores}"
    "kefu/nats/" "kefu/nats/|${ports}"
    # What RiskControl decides is a machine; addresses of files are signed by the keys of the tokens.
    "kefu/net/" "kefu/net/|kefu/(hub|jwt_keys|session)\\.|${core}|${wire}|${ports}"
    # The client speaks through net's WebSocket; its machine knows nothing of that.
    "kefu/client/" "kefu/client/|kefu/net/|${core}|${wire}|${ports}"
    "kefu/testing/" "kefu/"
    "kefu/kefu\\." "kefu/"
    # The facade, and its parts in src/: all of the above but no adapter.
    "kefu/" "kefu/hub/|${facade}")

function(allowed_for path out)
  set(remaining ${rules})
  while(remaining)
    list(POP_FRONT remaining pattern allowed)
    if(path MATCHES "^${pattern}")
      set(${out} "${allowed}" PARENT_SCOPE)
      return()
    endif()
  endwhile()
endfunction()

set(failures "")
set(checked 0)

function(check file path public)
  allowed_for("${path}" allowed)
  file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS lines)
    if(line MATCHES "include[ \t]*<(kefu/[^>]*)>")
      set(name "${CMAKE_MATCH_1}")
      if(NOT name MATCHES "^(${allowed})")
        string(APPEND failures "${file}: <${name}> is not below its layer\n")
      endif()
    elseif(NOT public)
      continue()
    elseif(line MATCHES "include[ \t]*<asio[./][^>]*>")
      if(NOT path MATCHES "^kefu/net/")
        string(APPEND failures "${file}: Asio outside kefu/net: ${line}\n")
      endif()
    elseif(NOT line MATCHES "include[ \t]*<[a-z0-9_]+>")
      # Only the standard library's names have neither a dot nor a slash.
      string(APPEND failures "${file}: neither standard nor kefu's: ${line}\n")
    endif()
  endforeach()
  set(failures "${failures}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE headers RELATIVE "${ROOT}/include" "${ROOT}/include/*")
foreach(header IN LISTS headers)
  if(header MATCHES "\\.(hpp|h|ipp)$")
    check("${ROOT}/include/${header}" "${header}" TRUE)
    math(EXPR checked "${checked} + 1")
  endif()
endforeach()
file(GLOB_RECURSE sources RELATIVE "${ROOT}/src" "${ROOT}/src/*")
foreach(source IN LISTS sources)
  if(source MATCHES "\\.(cpp|hpp|h|ipp)$")
    check("${ROOT}/src/${source}" "kefu/${source}" FALSE)
    math(EXPR checked "${checked} + 1")
  endif()
endforeach()

if(failures)
  message(FATAL_ERROR "forbidden includes:\n${failures}")
endif()
if(checked EQUAL 0)
  message(FATAL_ERROR "nothing to check below ${ROOT}")
endif()
message(STATUS "${checked} files keep to their layers")
