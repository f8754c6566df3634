"""More data sets in their published layouts: scenes, captions, faces, species."""

from __future__ import annotations

from pathlib import Path

from tests.vision.layouts import image, text


def cityscapes(root: Path) -> None:
    for split, city in (("train", "aachen"), ("train", "bochum"), ("val", "lindau")):
        stem = f"{city}_000000_000019"
        image(root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", len(city))
        labels = root / "gtFine" / split / city
        for ending in ("instanceIds", "labelIds", "color"):
            image(labels / f"{stem}_gtFine_{ending}.png", 1, "L")
        text(labels / f"{stem}_gtFine_polygons.json", '{"imgHeight": 12, "objects": []}')


PAGE = """<html><a>no/table/here</a><table><tr><td><a>http://www.flickr.com/photos/who/12/</a>
<ul><li> A dog . </li><li>Two dogs</li></ul></td></tr><tr><td>Image Not Found<ul><li>gone</li></ul>
</td></tr><tr><td><a>http://www.flickr.com/photos/who/7/</a><ul><li>A cat</li></ul></td></tr>
</table></html>"""


def flickr8k(root: Path) -> None:
    image(root / "12_ab.jpg", 2)
    image(root / "7_cd.jpg", 5)
    text(root / "page.html", PAGE)


def flickr30k(root: Path) -> None:
    image(root / "b.jpg", 1)
    image(root / "a.jpg", 4)
    text(root / "notes.token", "b.jpg#0\tA man .\nb.jpg#1\tA tall man .\na.jpg#0\tA road .\n")


def kitti(root: Path) -> None:
    base = root / "Kitti" / "raw"
    for number in range(2):
        image(base / "training" / "image_2" / f"00000{number}.png", number)
        line = f"Car 0.{number} 1 -1.57 1 2 3.5 4 1.5 1.6 4 0 1 2 0.5\n"
        text(base / "training" / "label_2" / f"00000{number}.txt", line * (number + 1))
    image(base / "testing" / "image_2" / "000000.png", 7)


def widerface(root: Path) -> None:
    base = root / "widerface"
    for split in ("train", "val", "test"):
        image(base / f"WIDER_{split}" / "images" / "0--Parade" / "a.jpg", 1)
        image(base / f"WIDER_{split}" / "images" / "0--Parade" / "b.jpg", 2)
    lists = base / "wider_face_split"
    boxes = "0--Parade/a.jpg\n2\n1 2 3 4 0 1 0 2 0 1 \n5 6 7 8 1 0 1 0 1 0 \n"
    nothing = "0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"
    text(lists / "wider_face_train_bbx_gt.txt", boxes + nothing)
    text(lists / "wider_face_val_bbx_gt.txt", nothing + boxes)
    text(lists / "wider_face_test_filelist.txt", "0--Parade/b.jpg\n0--Parade/a.jpg\n")


def inaturalist_2021(root: Path) -> None:
    names = ("00000_Animalia_Chordata_Aves_X_Y_Z_one", "00001_Animalia_Chordata_Aves_X_Y_W_two")
    for place, name in enumerate(names):
        image(root / "2021_train_mini" / name / "p.jpg", place)


def inaturalist_2018(root: Path) -> None:
    for group, number in (("Aves", 1), ("Fungi", 0), ("Fungi", 2)):
        image(root / "2018" / group / str(number) / "p.jpg", number)
        image(root / "2017" / group / f"n{number}" / "p.jpg", number)


CASES = (
    (cityscapes, "D.Cityscapes(R)"),
    (cityscapes, "D.Cityscapes(R, 'val', target_type=['polygon', 'semantic', 'color'])"),
    (flickr8k, "D.Flickr8k(R, R + '/page.html')"),
    (flickr30k, "D.Flickr30k(R, R + '/notes.token')"),
    (kitti, "D.Kitti(R)"),
    (kitti, "D.Kitti(R, train=False)"),
    (widerface, "D.WIDERFace(R)"),
    (widerface, "D.WIDERFace(R, 'val')"),
    (widerface, "D.WIDERFace(R, 'test')"),
    (inaturalist_2021, "D.INaturalist(R, '2021_train_mini', ['full', 'genus', 'order'])"),
    (inaturalist_2018, "D.INaturalist(R, '2018', ['full', 'super'])"),
    (inaturalist_2018, "D.INaturalist(R, '2017')"),
)
