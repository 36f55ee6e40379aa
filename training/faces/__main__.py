"""`python -m training.faces OUT.jpg`: a contact sheet of synthetic faces."""

from __future__ import annotations

import argparse

import cv2

from training.faces import FaceGenerator, contact_sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.faces", description=__doc__)
    parser.add_argument("out", help="picture to write (.jpg or .png)")
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--difficulty", type=float, default=1.0, help="0 (plain) to 1 (everything)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=0.5, help="of the sheet")
    args = parser.parse_args()
    sheet = contact_sheet(FaceGenerator(seed=args.seed), args.rows, args.columns, args.difficulty)
    sheet = cv2.resize(sheet, None, fx=args.scale, fy=args.scale, interpolation=cv2.INTER_AREA)
    if not cv2.imwrite(args.out, sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88]):
        parser.error(f"cannot write {args.out}")


if __name__ == "__main__":
    main()
