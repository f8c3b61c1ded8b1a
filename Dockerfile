# 依据 Yiju: docker build -t yiju . ; see compose.yaml. What is written at run time lies in /data alone.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE LICENSE-DATA ./
COPY requirements requirements
COPY index index
COPY qa qa
COPY ui ui
COPY eval eval
COPY yiju yiju
# Bytecode of what is used alone; no tests, examples, tools and installers of packages: 250 MB.
RUN python -m venv /opt/yiju \
    && /opt/yiju/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile --require-hashes --no-deps \
        -r requirements/base.lock -r requirements/audit.lock -r requirements/ocr.lock \
    && /opt/yiju/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile --no-deps --no-build-isolation . \
    && for each in pandas/tests gradio/media_assets gradio/templates/node onnxruntime/transformers onnxruntime/tools; do \
        rm -rf /opt/yiju/lib/python3*/site-packages/"$each"; done \
    && rm /opt/yiju/lib/python3*/site-packages/zstandard/_cffi.*.so \
    && /opt/yiju/bin/pip uninstall --yes --quiet hf-xet setuptools pip \
    && /opt/yiju/bin/python -c 'import ui.server, qa.bootstrap, index.sandbox.worker, cryptography, rapidocr'

FROM python:3.11-slim
COPY --from=build /opt/yiju /opt/yiju
RUN useradd --system --uid 10001 --home-dir /data yiju && install -d -o yiju -g yiju /data
USER 10001
WORKDIR /data
ENV PATH=/opt/yiju/bin:$PATH PYTHONDONTWRITEBYTECODE=1 YIJU_INDEX=/data/index YIJU_HOST=0.0.0.0
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/api/health', timeout=4)"]
ENTRYPOINT ["yiju-serve"]
