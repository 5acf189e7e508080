# One image a target: web, worker, beat, gpu. docker-compose.yml uses them all; see docs/deployment.md.
FROM python:3.13-slim AS assay
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY backend backend
COPY frontend frontend
COPY migrations migrations
COPY trainer trainer
COPY worker worker
RUN pip install --no-cache-dir --constraint constraints.txt '.[celery,mturk,postgres]' \
 && useradd --create-home assay && mkdir /data && chown assay /data
USER assay
ENV ASSAY_DATA_DIR=/data
VOLUME /data

# Jobs that ask servers elsewhere.
FROM assay AS worker
HEALTHCHECK --start-period=60s CMD find /tmp/alive -newermt '-30 seconds' | grep -q .
CMD ["assay", "worker", "--queues", "io", "--concurrency", "4", "--alive", "/tmp/alive"]

# Rings for jobs whose bell was lost or whose worker died.
FROM assay AS beat
HEALTHCHECK --start-period=60s CMD find /tmp/alive -newermt '-30 seconds' | grep -q .
CMD ["assay", "beat", "--alive", "/tmp/alive"]

# Jobs that fill an accelerator: vLLM's own image, in whose Python vLLM stays, with Assay in an environment beside it.
FROM vllm/vllm-openai:v0.32.0 AS gpu
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY backend backend
COPY frontend frontend
COPY migrations migrations
COPY trainer trainer
COPY worker worker
RUN python3 -m venv --without-pip /opt/assay \
 && python3 -m pip --python /opt/assay/bin/python install --no-cache-dir --constraint constraints.txt '.[celery,postgres]' \
 && useradd --create-home assay && mkdir /data && chown assay /data
USER assay
ENV PATH=/opt/assay/bin:$PATH ASSAY_DATA_DIR=/data ASSAY_VLLM_PYTHON=/usr/bin/python3
VOLUME /data
HEALTHCHECK --start-period=60s CMD find /tmp/alive -newermt '-30 seconds' | grep -q .
ENTRYPOINT []
CMD ["assay", "worker", "--queues", "gpu", "--alive", "/tmp/alive"]

# The pages. The last target, so that `docker build .` makes it.
FROM assay AS web
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["assay", "serve", "--host", "0.0.0.0"]
