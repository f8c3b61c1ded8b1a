#!/bin/sh
# Installs 依据 Yiju from this archive into FOLDER (default /opt/yiju); nothing is fetched. Needs python3 >= 3.11.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/yiju}
(cd "$here" && sha256sum --quiet --check SHA256SUMS) || { echo "校验和不符：归档不完整或被改动，没有安装。" >&2; exit 1; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新的版本。" >&2; exit 1; }
python3 -m venv "$target"
install() {
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --find-links "$here/wheels" "$@"
}
install --require-hashes -r "$here/base.lock" -r "$here/audit.lock" -r "$here/ocr.lock"
install yiju
"$target/bin/yiju-serve" --version
echo "已装好。建索引：$target/bin/yiju-index build 文件夹 -o 索引；启动：$target/bin/yiju-serve --index 索引"
