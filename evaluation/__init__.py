"""How exact the product is: real photographs and clips against independent references, and synthetic faces.

A room of its own, beside `training`, because it measures what users run: the core's detector, tracker and network,
without torch. It imports the core, and from `training` only the synthetic faces and their measures. Nothing
imports it.

    make eval            or  python -m evaluation [--quick]
"""
