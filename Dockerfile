# docker build -t groundup .    then: docker run -p 127.0.0.1:8000:8000 -v "$PWD/runs:/runs:ro" groundup serve /runs/demo --host 0.0.0.0
FROM python:3.12-slim
RUN useradd --create-home groundup
WORKDIR /home/groundup
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
# PyTorch's own index has a build for CPUs, which is a tenth of the size of the one with CUDA.
RUN pip install --no-cache-dir torch --constraint constraints.txt --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir --constraint constraints.txt '.[serve]'
USER groundup
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')"]
ENTRYPOINT ["groundup"]
CMD ["--help"]
