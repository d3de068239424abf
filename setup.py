"""Packaging: every fact about the distribution. Tool settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

# Read, not imported: building must not need the package's own dependencies.
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "t2v_recaption" / "__init__.py").read_text(encoding="utf-8"))[1]

# Top-level folders that install inside the package, as t2v_recaption.<name>.
NESTED = ("integrations", "prompts")

packages = set(find_packages(include=["t2v_recaption", "t2v_recaption.*"]))
for name in NESTED:
    packages |= {f"t2v_recaption.{found}" for found in find_packages(include=[name, f"{name}.*"])}

LOCAL = ["torch>=2.4", "transformers>=4.57", "accelerate>=1.0", "gguf>=0.17", "sentencepiece>=0.2"]
VISION = [*LOCAL, "num2words>=0.5", "pillow>=10", "torchvision"]  # SmolVLM writes numbers of frames as words
QUANTIZATION = [*LOCAL, "bitsandbytes>=0.43"]
VIDEO = [
    "av>=14",
    "jsonschema>=4.20",  # answers that shall follow a schema
    "numpy>=1.24",
    "opencv-python-headless>=4.10",
    "pillow>=10.1",
    "scenedetect-headless>=0.7",
]
OCR = [*VIDEO, "rapidocr>=3.10", "onnxruntime>=1.20"]  # reads text on screen; its wheel carries the models
RAY = [*VIDEO, "ray>=2.40"]
DIFFUSERS = ["diffusers>=0.35", "ftfy>=6.1"]  # diffusers' Wan and SkyReels pipelines call ftfy unasked
TEST = [
    *LOCAL,
    *DIFFUSERS,
    *OCR,
    *RAY,
    "build>=1.2",
    "datasets>=3.0",
    "hypothesis>=6.100",
    "num2words>=0.5",
    "pillow>=10",
    "psutil>=5.9",
    "pyarrow>=15",
    "scipy>=1.11",
    "mypy>=1.11",
    "pytest>=8.3",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.9",
    "tiktoken>=0.8",
    "types-PyYAML",
]

setup(
    name="t2v-recaption",
    version=VERSION,
    description="Turns short text-to-video prompts into dense captions that lose nothing, for any video model.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=sorted(packages),
    package_dir={f"t2v_recaption.{name}": name for name in NESTED},
    package_data={
        "t2v_recaption": ["py.typed"],
        "t2v_recaption.integrations": ["comfyui/README.md", "comfyui/*.png", "comfyui/example_workflows/*.json"],
        "t2v_recaption.pages": ["templates/*"],
        "t2v_recaption.serve": ["openapi.json"],
        "t2v_recaption.backends.sharecaptioner": ["requirements.txt"],
        "t2v_recaption.prompts": ["**/*.j2", "**/*.json", "**/*.jsonl", "**/*.yaml", "**/*.txt", "**/*.md"],
    },
    install_requires=[
        "click>=8.1,!=8.3.0",
        "h11>=0.14",
        "jinja2>=3.1",
        "openai>=1.60",
        "platformdirs>=4.2",
        "PyYAML>=6.0",
        "rich>=13.7",
    ],
    extras_require={
        "local": LOCAL,
        "vision": VISION,
        "quantization": QUANTIZATION,
        "video": VIDEO,
        "ocr": OCR,
        "ab": ["numpy>=1.24"],
        "parquet": ["pyarrow>=15"],
        "ray": RAY,
        "diffusers": [*LOCAL, *DIFFUSERS],
        "test": TEST,
        "all": [*LOCAL, *DIFFUSERS, *OCR, *RAY, "pyarrow>=15"],
    },
    entry_points={
        "console_scripts": [
            "t2v-enhance=t2v_recaption.cli:enhance_main",
            "t2v=t2v_recaption.cli:main",
        ]
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Multimedia :: Video",
        "Typing :: Typed",
    ],
)
