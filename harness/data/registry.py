"""What each dataset is: its files with sizes and hashes, licence, citation and official origins.

Data only. `data.dvc` names the same bytes for DVC (a test compares both). A file has origins only
where the official host, or a mirror that its users trust, serves exactly these bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

GITHUB = "https://raw.githubusercontent.com"
LECUN = ("http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
ZALANDO = f"{GITHUB}/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/"
FASHION = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    f"{ZALANDO}data/fashion/",
)
EXAMPLES = f"{GITHUB}/pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/"
WIKI = f"{EXAMPLES}word_language_model/data/wikitext-2/"
MNIST1D = f"{GITHUB}/greydanus/mnist1d/7878d96082abd200c546a07a4101fa90b30fdf7e/"

WIKI_README = (
    "WikiText-2, tokenised version (Merity et al., arXiv:1609.07843), CC BY-SA: the validation "
    "and test splits only (217,646 and 245,569 tokens with one end-of-line each). The training "
    "split is not here.\n"
)
CIFAR_README = (
    "A lossless part of CIFAR-10 (A. Krizhevsky, 2009), in the official binary record format: one "
    "label byte, then 3,072 pixel bytes (R, G, B planes, 32 x 32, row-major).\n"
    "It is not CIFAR-10: results on it must be labelled `cifar10_subset`.\n"
    "- `train.bin`: 8,068 records = data_batch_1[0:4000], then data_batch_2..5[0:1017] each, in "
    "the original order.\n"
    "- `test.bin`: 1,017 records = test_batch[0:1017].\n"
    "Classes 0..9: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.\n"
)


@dataclass(frozen=True)
class File:
    """One file by its bytes; `origins` are full addresses, `text` is ours to write."""

    name: str
    size: int
    md5: str
    sha256: str
    origins: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Dataset:
    """Files below `path`; a dataset of one official archive is that file itself."""

    name: str
    path: str
    files: tuple[File, ...]
    licence: str
    citation: str
    source: str
    single: bool = False

    @property
    def size(self) -> int:
        """Return how many bytes all its files have."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """Return the hash DVC has for it: md5 of the sorted listing, or of the single file."""
        if self.single:
            return self.files[0].md5
        names = sorted((PurePosixPath(file.name).parts, file) for file in self.files)
        listing = [{"md5": file.md5, "relpath": "/".join(parts)} for parts, file in names]
        return hashlib.md5(json.dumps(listing).encode()).hexdigest() + ".dir"

    def place(self, file: File) -> str:
        """Return where a file lies, relative to the repository."""
        return self.path if self.single else f"{self.path}/{file.name}"


MNIST_FILES = (
    File(
        "t10k-images-idx3-ubyte.gz",
        1_648_877,
        "9fb629c4189551a2d022fa330f9573f3",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        tuple(host + "t10k-images-idx3-ubyte.gz" for host in LECUN),
    ),
    File(
        "t10k-labels-idx1-ubyte.gz",
        4_542,
        "ec29112dd5afa0611ce80d1b7f02629c",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        tuple(host + "t10k-labels-idx1-ubyte.gz" for host in LECUN),
    ),
    File(
        "train-images-idx3-ubyte.gz",
        9_912_422,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        tuple(host + "train-images-idx3-ubyte.gz" for host in LECUN),
    ),
    File(
        "train-labels-idx1-ubyte.gz",
        28_881,
        "d53e105ee54ea40749a09fcbcd1e9432",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        tuple(host + "train-labels-idx1-ubyte.gz" for host in LECUN),
    ),
)
FASHION_MNIST_FILES = (
    File(
        "LICENSE",
        1_109,
        "db4652e53d27ef11e4457dcd7dc46722",
        "13ef4788476d292858fa60eb9a5f74aeca5c65770bc885ccaa05823a17ef7be1",
        (f"{ZALANDO}LICENSE",),
    ),
    File(
        "t10k-images-idx3-ubyte.gz",
        4_422_102,
        "bef4ecab320f06d8554ea6380940ec79",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        tuple(host + "t10k-images-idx3-ubyte.gz" for host in FASHION),
    ),
    File(
        "t10k-labels-idx1-ubyte.gz",
        5_148,
        "bb300cfdad3c16e7a12a480ee83cd310",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        tuple(host + "t10k-labels-idx1-ubyte.gz" for host in FASHION),
    ),
    File(
        "train-images-idx3-ubyte.gz",
        26_421_880,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        tuple(host + "train-images-idx3-ubyte.gz" for host in FASHION),
    ),
    File(
        "train-labels-idx1-ubyte.gz",
        29_515,
        "25c81989df183df01b3e8a0aad5dffbe",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        tuple(host + "train-labels-idx1-ubyte.gz" for host in FASHION),
    ),
)
MNIST1D_FILES = (
    File(
        "LICENSE",
        11_358,
        "3b83ef96387f14655fc854ddc3c6bd57",
        "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
        (f"{MNIST1D}LICENSE",),
    ),
    File(
        "human_answers.csv",
        6_272,
        "54c0a6a0412665d8854e97b6185ed7fd",
        "163787aa3fbddabbb38eb6cf01e2102276ceaf3d11f2806aa4617ed40f7e9142",
    ),
    File(
        "mnist1d_data.npz",
        1_544_892,
        "d4525e9873df47ecaf325df47fd9d990",
        "b1adc2b5206f50ab6f7dea5e16da94cabd5294c20563a6f631ab3615a9cb2e10",
    ),
)
CIFAR10_SUBSET_FILES = (
    File(
        "README.md",
        480,
        "92ac5eab5163a064d2e74d913ced6b86",
        "c85295bf09dc76074e97a29a6b1f6697952eb731dd15c9ef239cb12fcd6a8047",
        text=CIFAR_README,
    ),
    File(
        "test.bin",
        3_125_241,
        "6ac134a1c8e0e152e254c10d0fc92b6f",
        "c77ad46116beb3508f55d38aa34893560beae9515f9aca4a4dd0ea3617ac289e",
    ),
    File(
        "train.bin",
        24_792_964,
        "f66629fa65f2418f8ca1776ff27685e7",
        "6fd0693da58bb2df5f9d7c738d95ded804ba73c2001d799e561cf0aa78943c02",
    ),
)
WIKITEXT2_FILES = (
    File(
        "README.md",
        199,
        "6c896d4e50ee8bd89c562898247c09f2",
        "5394588c1206932a118cca9f7875f7441233416f133b6dd26bae28cb768307b1",
        text=WIKI_README,
    ),
    File(
        "wiki.test.tokens",
        1_256_449,
        "781c9418ab9414bd09e4aad825aae752",
        "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
        (f"{WIKI}test.txt",),
    ),
    File(
        "wiki.valid.tokens",
        1_121_681,
        "d756d22ab2310e7e60c094bea5c5a8eb",
        "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
        (f"{WIKI}valid.txt",),
    ),
)
CIFAR10_FILES = (
    File(
        "cifar-10-python.tar.gz",
        170_498_071,
        "c58f30108f718f92721af3b95e74349a",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    ),
)
ALL = (
    Dataset(
        "mnist",
        "data/mnist",
        MNIST_FILES,
        "none stated at the source; commonly given as CC BY-SA 3.0, not confirmed",
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "
        "Gradient-based learning applied to document recognition. Proc. IEEE 86(11), 1998",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    Dataset(
        "fashion_mnist",
        "data/fashion_mnist",
        FASHION_MNIST_FILES,
        "MIT",
        "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST. arXiv:1708.07747, 2017",
        "https://github.com/zalandoresearch/fashion-mnist",
    ),
    Dataset(
        "mnist1d",
        "data/mnist1d",
        MNIST1D_FILES,
        "Apache-2.0",
        "S. Greydanus, D. Kobak: Scaling Down Deep Learning with MNIST-1D. ICML 2024",
        "https://github.com/greydanus/mnist1d",
    ),
    Dataset(
        "cifar10_subset",
        "data/cifar10_subset",
        CIFAR10_SUBSET_FILES,
        "none stated; the authors ask for the citation",
        "A. Krizhevsky: "
        "Learning Multiple Layers of Features from Tiny Images. University of Toronto, 2009",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    Dataset(
        "wikitext2",
        "data/wikitext2",
        WIKITEXT2_FILES,
        "CC BY-SA; the version number was not read at the source",
        "S. Merity, C. Xiong, J. Bradbury, R. Socher: "
        "Pointer Sentinel Mixture Models. arXiv:1609.07843, 2016",
        "https://github.com/pytorch/examples",
    ),
    Dataset(
        "cifar10",
        "data/cifar-10-python.tar.gz",
        CIFAR10_FILES,
        "none stated; the authors ask for the citation",
        "A. Krizhevsky: "
        "Learning Multiple Layers of Features from Tiny Images. University of Toronto, 2009",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        single=True,
    ),
)
DATASETS: Mapping[str, Dataset] = {dataset.name: dataset for dataset in ALL}
