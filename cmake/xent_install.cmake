# What `cmake --install` puts where: library, headers, CMake package, pkg-config file.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS xent EXPORT xent-targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/xent TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC)

# The package. A static libxent leaves Highway to be linked by its user, so the package finds it again.
get_target_property(xent_type xent TYPE)
string(COMPARE EQUAL ${xent_type} STATIC_LIBRARY xent_is_static)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xent)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/xent-config.cmake.in
                              ${PROJECT_BINARY_DIR}/xent-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xent-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xent-config.cmake ${PROJECT_BINARY_DIR}/xent-config-version.cmake
        DESTINATION ${package_dir})
install(EXPORT xent-targets NAMESPACE xent:: DESTINATION ${package_dir})

# pkg-config. What a static libxent needs goes under the .private keys, read by `pkg-config --static`;
# that includes the C++ runtime, for programs linked by a C compiler.
if(xent_is_static)
  set(pc_requires_private "libhwy")
  set(runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
  list(FILTER runtime INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+)$")
  list(TRANSFORM runtime PREPEND "-l")
  list(JOIN runtime " " pc_libs_private)
  string(APPEND pc_libs_private " ${CMAKE_THREAD_LIBS_INIT} -lm")
  if(XENT_HAVE_CUDA)
    string(APPEND pc_libs_private " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -ldl -lrt")
  endif()
endif()
file(RELATIVE_PATH pc_up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/xent.pc.in ${PROJECT_BINARY_DIR}/xent.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xent.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
