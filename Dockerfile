FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY backend backend
COPY frontend frontend
COPY migrations migrations
COPY trainer trainer
COPY worker worker
RUN pip install --no-cache-dir --constraint constraints.txt '.[postgres]' \
 && useradd --create-home assay && mkdir /data && chown assay /data
USER assay
ENV ASSAY_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/login', timeout=3)"]
CMD ["assay", "serve", "--host", "0.0.0.0"]
