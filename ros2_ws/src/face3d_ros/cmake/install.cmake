# What is installed where; included by CMakeLists.txt. FACE3D_ROOT is the repository.

set(FACE3D_NETWORKS "${FACE3D_ROOT}/engines/face3d.onnx" "${FACE3D_ROOT}/engines/face3d.int8.onnx")
set(FACE3D_MODEL_CARD "${FACE3D_ROOT}/engines/MODEL_CARD.md")

# pip: scikit-build-core takes the Python files itself (pyproject.toml); the network goes beside the face model.
if(SKBUILD)
  install(TARGETS _core LIBRARY DESTINATION face3d)
  foreach(file ${FACE3D_NETWORKS} "${FACE3D_MODEL_CARD}")
    if(EXISTS "${file}")
      install(FILES "${file}" DESTINATION face3d/data)
    endif()
  endforeach()
  return()
endif()

# colcon. Modules compiled in place are for development and stay out.
ament_get_python_install_dir(FACE3D_PYTHON_DIR)
_ament_cmake_python_register_environment_hook()
install(DIRECTORY face3d/ DESTINATION "${FACE3D_PYTHON_DIR}/face3d" PATTERN "*.pyc" EXCLUDE PATTERN "*.so" EXCLUDE)
install(TARGETS _core DESTINATION "${FACE3D_PYTHON_DIR}/face3d")

foreach(folder config rviz)
  if(IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${folder}")
    install(DIRECTORY ${folder}/ DESTINATION share/face3d/${folder})
  endif()
endforeach()
if(IS_DIRECTORY "${FACE3D_ROOT}/launch")
  install(DIRECTORY "${FACE3D_ROOT}/launch/" DESTINATION share/face3d/launch PATTERN "*.pyc" EXCLUDE)
endif()
foreach(file ${FACE3D_NETWORKS} "${FACE3D_MODEL_CARD}" "${FACE3D_ROOT}/NOTICE" "${FACE3D_ROOT}/LICENSE")
  if(EXISTS "${file}")
    install(FILES "${file}" DESTINATION share/face3d)
  endif()
endforeach()

# What `ros2 run face3d ...` and the launch files start: the scripts, with the interpreter _core is compiled for.
file(GLOB scripts CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/scripts/*")
foreach(script ${scripts})
  get_filename_component(name "${script}" NAME)
  file(READ "${script}" text)
  string(REPLACE "#!/usr/bin/env python3" "#!${Python_EXECUTABLE}" text "${text}")
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/texts/${name}" "${text}")
  # With --symlink-install the file itself is what gets started, so it must be executable already here.
  file(COPY "${CMAKE_CURRENT_BINARY_DIR}/texts/${name}" DESTINATION "${CMAKE_CURRENT_BINARY_DIR}/executables"
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  install(PROGRAMS "${CMAKE_CURRENT_BINARY_DIR}/executables/${name}" DESTINATION lib/face3d)
endforeach()
