# An overlay port of this checkout: vcpkg install kefu --overlay-ports=<kefu>/cmake/vcpkg/ports
set(SOURCE_PATH "${CURRENT_PORT_DIR}/../../../..")

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        client   KEFU_CLIENT
        nats     KEFU_NATS
        net      KEFU_NET
        postgres KEFU_POSTGRES
        sqlite   KEFU_SQLITE
        testing  KEFU_TESTING
)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DKEFU_BUILD_EXAMPLES=OFF
        -DKEFU_BUILD_TESTS=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/kefu)
if(EXISTS "${CURRENT_PACKAGES_DIR}/lib/pkgconfig")
    vcpkg_fixup_pkgconfig()
endif()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
