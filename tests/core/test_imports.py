"""The core needs neither ROS nor torch, and starts quickly."""

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import face3d


def core_modules() -> list[str]:
    names = [module.name for module in pkgutil.walk_packages(face3d.__path__, "face3d.")]
    outside = ("face3d.ros", "face3d.__main__")
    ros_commands = ("face3d.commands.live", "face3d.commands.replay", "face3d.commands.record")
    return [name for name in names if not name.startswith(outside) and name not in ros_commands]


def test_core_imports_neither_ros_nor_torch() -> None:
    modules = core_modules()
    assert "face3d.tracker" in modules and "face3d.runtime.onnxruntime" in modules and "face3d.cli" in modules
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "foreign = {'rclpy', 'torch', 'sensor_msgs', 'face3d_msgs', 'training'} & set(sys.modules)\n"
        "foreign |= {name for name in sys.modules if name.startswith('face3d.ros')}\n"
        "assert not foreign, foreign\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr


def test_help_imports_no_heavy_package() -> None:
    code = (
        "import sys\n"
        "from face3d import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'dlib', 'rclpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "image" in result.stdout and "video" in result.stdout


def test_onnx_runtime_keeps_and_sends_no_report(tmp_path: Path) -> None:
    """It would leave an id of the machine and its unsent reports in the user's cache."""
    code = (
        "from face3d import runtime\n"
        "from face3d.model import FaceModel\n"
        "runtime.load(None, FaceModel.load()).close()\n"
    )
    quiet = ("CI", "ORT_", "GITHUB_", "TF_BUILD")  # with these it reports nothing by itself
    kept = {name: value for name, value in os.environ.items() if not name.startswith(quiet)}
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=kept | places, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert not list(tmp_path.iterdir())
