# One file of int8 kernels per instruction set, each compiled for its set. They define no inline function that another
# file could pick up at link time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl)
  # GCC 12 warns of its own AVX-512 intrinsics (GCC bug 105593).
  set(quiet $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
  target_sources(pare_runtime_fast PRIVATE
    ${CMAKE_CURRENT_LIST_DIR}/int8_avx2.cc
    ${CMAKE_CURRENT_LIST_DIR}/int8_avx2_vnni.cc
    ${CMAKE_CURRENT_LIST_DIR}/int8_avx512.cc
    ${CMAKE_CURRENT_LIST_DIR}/int8_avx512_vnni.cc)
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/int8_avx2.cc PROPERTIES COMPILE_OPTIONS "-mavx2;${quiet}")
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/int8_avx2_vnni.cc PROPERTIES
    COMPILE_OPTIONS "-mavx2;-mavxvnni;${quiet}")
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/int8_avx512.cc PROPERTIES COMPILE_OPTIONS "${avx512};${quiet}")
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/int8_avx512_vnni.cc PROPERTIES
    COMPILE_OPTIONS "${avx512};-mavx512vnni;${quiet}")
endif()
