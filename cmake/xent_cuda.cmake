# XENT_CUDA=AUTO compiles the kernels with nvcc where there is one; ON insists, OFF does not look. Sets
# XENT_HAVE_CUDA. Nothing needs a GPU.
set(XENT_CUDA AUTO CACHE STRING "Compile the CUDA kernels: AUTO, ON or OFF")
set_property(CACHE XENT_CUDA PROPERTY STRINGS AUTO ON OFF)
set(XENT_HAVE_CUDA OFF)

if(NOT XENT_CUDA OR XENT_SANITIZE OR XENT_BUILD_FUZZ)  # device code has no sanitizer to link with
  return()
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75 90 100)
endif()
if(XENT_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    return()
  endif()
endif()
enable_language(CUDA)
set(XENT_HAVE_CUDA ON)
# By hand: CMake 3.25 does not know that nvcc speaks C++20.
add_compile_options($<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
