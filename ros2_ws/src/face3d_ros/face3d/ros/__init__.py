"""The ROS 2 side of face3d: thin nodes around the core, and the commands that start them.

Only this folder imports rclpy. `conversions` is the one place where messages become core types and back.
"""
