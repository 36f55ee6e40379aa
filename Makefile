# face3d: `make live` shows a face as a 3D mesh over ROS 2, `make test` tests it. Both set up what they need.
#
#   make live [SOURCE=...] [ARGS=...]   webcam index, video, folder of images or rosbag2 bag (default: webcam or demo clip)
#   make test [TESTS=...] [ARGS=...]    all tests but those of training; TESTS=tests/core names some
#   make setup                          only the set-up: .venv/ with the ROS 2 wheels, the core and the nodes
#   make lint                           ruff, mypy and hadolint
#   make bench                          the speed tables
#   make eval [ARGS=...]                how exact the network is: report and figures in out/eval (ARGS=--quick: a look)
#   make train [ARGS=...]               train the network (installs torch into .venv/training)
#   make test-training [TESTS=...]      tests of data synthesis, training and export (needs torch, too)
#   make gpu                            on a machine with an NVIDIA GPU: build engines, compare them, time them, test them
#   make test-gpu                       only the tests that need one (docs/GPU.md)
#   make clean                          remove everything that the above made, but for out/
#
# PYTHON=/path/to/python3.12 chooses the interpreter (3.10 to 3.13); nothing outside this folder is changed.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.NOTPARALLEL:

VENV := .venv
WORKSPACE := build/ros
STAMPS := $(VENV)/stamps
LOGS := build/logs
RUN := . $(VENV)/ros_env.sh &&
# A closed list of pinned wheels needs no resolver: --no-deps is quicker and installs what was tried, nothing else.
PIP_INSTALL := $(VENV)/bin/python -m pip install --no-deps --no-input --disable-pip-version-check
STEP := sh scripts/step.sh

# What the workspace is compiled from. Everything else is linked into .venv, so that editing it rebuilds nothing;
# adding or removing a file does, through the list of names.
FIND := find ros2_ws launch engines \( -name build -o -name __pycache__ \) -prune -o -type f
COMPILED := -name '*.[chi]pp' -o -name '*.inl' -o -name '*.msg' -o -name '*.in' -o -name CMakeLists.txt -o -name package.xml
SOURCES := $(shell $(FIND) \( $(COMPILED) \) -print 2>/dev/null)
NAMES := $(shell $(FIND) -not -name '*.so' -print 2>/dev/null | LC_ALL=C sort | cksum)

# An environment does not survive being moved, nor a change of PYTHON: either of them makes a new one. Done here
# and not in a rule, since make looks at the stamps only once.
PLACE := $(STAMPS)/place
$(shell if [ -f $(PLACE) ] && { [ "$$(head -n 1 $(PLACE))" != "$(CURDIR)" ] || \
    { [ -n "$(PYTHON)" ] && [ "$$(tail -n 1 $(PLACE))" != "$(PYTHON)" ]; }; }; then rm -rf $(VENV) build/ros; fi)

.PHONY: live test test-training test-gpu gpu setup lint bench eval train clean FORCE

live: setup
	@$(VENV)/bin/face3d live $(if $(SOURCE),--source "$(SOURCE)") $(ARGS)

test: setup $(STAMPS)/test
	@$(RUN) python -m pytest $(or $(TESTS),tests --ignore=tests/training --ignore=tests/engines) $(ARGS)

test-training: setup $(STAMPS)/test $(STAMPS)/training $(STAMPS)/tensorrt
	@$(RUN) $(VENV)/training/bin/python -m pytest $(or $(TESTS),$(wildcard tests/training tests/engines \
	    tests/benchmarks/test_plot.py tests/evaluation/test_conditions.py tests/evaluation/test_landmark_offsets.py \
	    tests/evaluation/test_people.py tests/evaluation/test_photographs.py tests/evaluation/test_scan.py tests/evaluation/test_surface.py \
	    tests/evaluation/test_synthetic.py)) $(ARGS)

test-gpu: setup $(STAMPS)/test $(STAMPS)/training $(STAMPS)/gpu
	@$(RUN) $(VENV)/training/bin/python -m pytest -m gpu tests/engines $(ARGS)

gpu: setup $(STAMPS)/test $(STAMPS)/training $(STAMPS)/gpu
	@$(RUN) python=$(VENV)/training/bin/python && mkdir -p out/gpu && \
	$$python -m engines.build_engine --precision fp16 && \
	for precision in fp32 int8; do \
	    $$python -m engines.build_engine --precision $$precision --out out/gpu/$$precision.engine || exit 1; done && \
	$$python -m engines.check_parity --engine "$$($$python -m face3d engine path)" \
	    --engine out/gpu/fp32.engine --engine out/gpu/int8.engine && \
	$$python -m benchmarks backends && \
	$$python -m pytest -m gpu tests/engines $(ARGS)

lint: $(STAMPS)/test
	@$(VENV)/bin/python scripts/repair_tensorrt_stubs.py
	@$(VENV)/bin/python -m ruff check . && $(VENV)/bin/python -m ruff format --check . && $(VENV)/bin/hadolint Dockerfile && $(VENV)/bin/python -m mypy

bench: setup
	@$(RUN) python -m benchmarks $(ARGS)

eval: setup $(STAMPS)/evaluation
	@$(RUN) $(VENV)/evaluation/bin/python -m evaluation $(ARGS)

train: setup $(STAMPS)/training
	@$(RUN) $(VENV)/training/bin/python -m training.train $(ARGS)

setup: $(STAMPS)/workspace $(STAMPS)/demo

clean:
	rm -rf $(VENV) build ros2_ws/build ros2_ws/install ros2_ws/log .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find ros2_ws/src -name '_core*.so' -delete

# --- the steps, each with a stamp; a change of what stands right of the colon repeats it ---

$(PLACE):
	@python=$$(sh scripts/check_machine.sh $(PYTHON)) && \
	echo "face3d: setting up in $(CURDIR)/$(VENV) with $$("$$python" -V), $$python" && \
	rm -rf $(VENV) && \
	$(STEP) $(LOGS)/venv.log "Creating the virtual environment" "$$python" -m venv $(VENV)
	@mkdir -p $(STAMPS) && printf '%s\n' "$(CURDIR)" "$(PYTHON)" > $@

$(STAMPS)/core: requirements/core.txt requirements/opencv.txt requirements/opencv-headless.txt requirements/build.txt | $(PLACE)
	@opencv=$$($(VENV)/bin/python scripts/choose_opencv.py) && \
	$(STEP) $(LOGS)/core.log "Installing the core's packages ($$opencv)" \
	    $(PIP_INSTALL) -r requirements/core.txt -r requirements/$$opencv.txt -r requirements/build.txt
	@touch $@

$(STAMPS)/ros: requirements/ros.txt scripts/setup_ros.py $(STAMPS)/core
	@$(STEP) $(LOGS)/ros.log "Installing ROS 2 Jazzy" $(PIP_INSTALL) -r requirements/ros.txt
	@$(STEP) $(LOGS)/ros_env.log "Fitting it to this Python" \
	    $(VENV)/bin/python scripts/setup_ros.py
	@touch $@

$(STAMPS)/names: FORCE | $(PLACE)
	@echo "$(NAMES)" | cmp -s - $@ || echo "$(NAMES)" > $@

$(STAMPS)/workspace: $(STAMPS)/ros $(STAMPS)/names $(SOURCES) scripts/build_workspace.sh
	@sh scripts/check_machine.sh $(VENV)/bin/python >/dev/null
	@$(STEP) $(LOGS)/workspace.log "Building the workspace with colcon (messages, C++ core, nodes)" \
	    sh scripts/build_workspace.sh $(VENV) $(WORKSPACE)
	@touch $@

$(STAMPS)/demo: ros2_ws/src/face3d_ros/face3d/demo.py | $(STAMPS)/workspace
	@$(STEP) $(LOGS)/demo.log "Fetching the demo clip" sh -c '$(RUN) python -m face3d.demo'
	@touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/core
	@$(STEP) $(LOGS)/test.log "Installing the test tools" $(PIP_INSTALL) -r requirements/test.txt
	@touch $@

# The synthetic test faces need scipy, which the product does not have; references get their own in the cache.
$(STAMPS)/evaluation: requirements/evaluation.txt $(STAMPS)/core
	@$(STEP) $(LOGS)/evaluation_venv.log "Creating the evaluation environment" \
	    sh scripts/link_venv.sh $(VENV) $(VENV)/evaluation
	@$(STEP) $(LOGS)/evaluation.log "Installing what the evaluation needs" \
	    $(VENV)/evaluation/bin/python -m pip install --no-deps --no-input --disable-pip-version-check \
	    -r requirements/evaluation.txt
	@touch $@

# A second environment on top of the first: torch stays out of sight of the product and its tests.
$(STAMPS)/training: requirements/training.txt $(STAMPS)/core
	@$(STEP) $(LOGS)/training_venv.log "Creating the training environment" \
	    sh scripts/link_venv.sh $(VENV) $(VENV)/training
	@$(STEP) $(LOGS)/training.log "Installing torch and the exporter (the longest download)" \
	    $(VENV)/training/bin/python -m pip install --no-input --disable-pip-version-check -r requirements/training.txt
	@touch $@

$(STAMPS)/tensorrt: requirements/tensorrt.txt $(STAMPS)/training
	@$(STEP) $(LOGS)/tensorrt.log "Installing TensorRT for RTX, which builds engines without a GPU" \
	    $(VENV)/training/bin/python -m pip install --no-deps --no-input --disable-pip-version-check -r requirements/tensorrt.txt
	@touch $@

$(STAMPS)/gpu: requirements/gpu.txt $(STAMPS)/training
	@$(STEP) $(LOGS)/gpu.log "Installing TensorRT and PyCUDA (a long download; PyCUDA is compiled)" \
	    $(VENV)/bin/python -m pip install --no-input --disable-pip-version-check -r requirements/gpu.txt
	@touch $@
