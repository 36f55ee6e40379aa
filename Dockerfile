# syntax=docker/dockerfile:1
# face3d on ROS 2 Jazzy, for robots and workstations.
#
#   docker build --target cpu -t face3d:cpu .
#   docker build --target gpu -t face3d:gpu .      needs no GPU; running it does: NVIDIA Container Toolkit
#   docker compose --profile cpu up                camera, reconstruction, RViz: see compose.yaml
#   docker run --rm -it --network host --ipc host --device /dev/video0 -e DISPLAY -v /tmp/.X11-unix:/tmp/.X11-unix \
#       face3d:cpu face3d live                     camera and window passed through (before: xhost +local:)
#
# The engine is built on the GPU that runs it, once: docker compose run --rm engine

ARG ROS_IMAGE=ros:jazzy-ros-base-noble
ARG CUDA_IMAGE=nvidia/cuda:12.8.1-devel-ubuntu24.04

# --- what is needed at run time, without face3d itself ---
FROM ${ROS_IMAGE} AS runtime
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The distribution's versions are wanted, with its security updates: not pinned.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
        python3-venv python3-numpy python3-opencv python3-tqdm python3-yaml ros-jazzy-tf2-msgs ros-jazzy-rmw-fastrtps-cpp \
 && rm -rf /var/lib/apt/lists/*
COPY docker/requirements-cpu.txt /tmp/requirements.txt
# The environment sees ROS's Python packages, and numpy stays the one that they were compiled for.
RUN python3 -m venv --system-site-packages /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt
COPY docker/entrypoint.sh docker/healthcheck.py /usr/local/bin/
# The camera belongs to the group video. Uid 1000 is Ubuntu's own user, and most desktops' first one.
RUN usermod --append --groups video ubuntu \
 && install -d -o ubuntu -g ubuntu /home/ubuntu/.cache /home/ubuntu/.cache/face3d /data
ENV RMW_IMPLEMENTATION=rmw_fastrtps_cpp
USER 1000
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
HEALTHCHECK --interval=15s --timeout=12s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/entrypoint.sh", "python3", "/usr/local/bin/healthcheck.py"]
CMD ["ros2", "launch", "face3d", "live.launch.py"]

# --- compile: nothing of this stage's tools ends in the result ---
FROM runtime AS build
# hadolint ignore=DL3002
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential cmake pybind11-dev python3-dev python3-colcon-common-extensions \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY LICENSE NOTICE ./
COPY engines ./engines
COPY launch ./launch
COPY ros2_ws/src ./ros2_ws/src
# hadolint ignore=SC1091
RUN . /opt/ros/jazzy/setup.bash \
 && colcon build --base-paths ros2_ws/src --merge-install --install-base /opt/face3d \
        --cmake-args -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
        -DPython3_EXECUTABLE=/opt/venv/bin/python3 -DPython_EXECUTABLE=/opt/venv/bin/python3

# --- PyCUDA as a wheel: it needs the CUDA toolkit to compile and only the driver to run ---
FROM ${CUDA_IMAGE} AS pycuda
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ python3-dev python3-venv \
 && rm -rf /var/lib/apt/lists/*
# Without curand, which the product does not use: one library less in the result. The toolkit is named in the file, since
# PyCUDA reads no environment variable for it and would guess it from where nvcc is found.
RUN printf '%s\n' 'CUDA_ROOT = "/usr/local/cuda"' 'CUDA_ENABLE_CURAND = False' > /root/.aksetup-defaults.py \
 && python3 -m venv /tmp/venv \
 && /tmp/venv/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels pycuda==2026.1

# --- the two results ---
FROM runtime AS gpu
USER 0
COPY docker/requirements-gpu.txt /tmp/requirements.txt
COPY --from=pycuda /wheels /tmp/wheels
RUN /opt/venv/bin/pip install --no-cache-dir --find-links /tmp/wheels -r /tmp/requirements.txt \
 && rm -rf /tmp/wheels
COPY --from=build /opt/face3d /opt/face3d
# Which parts of the driver the container gets.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
USER 1000

FROM runtime AS cpu
COPY --from=build /opt/face3d /opt/face3d
