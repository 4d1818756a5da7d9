# The emulator as an image; docs/install.md shows how to use it.
FROM python:3.14-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/smartpay-sandbox && \
    /opt/smartpay-sandbox/bin/python -m pip install --no-cache-dir -c constraints.txt ".[fast,postgres,tls]"

FROM python:3.14-slim
COPY --from=build /opt/smartpay-sandbox /opt/smartpay-sandbox
RUN install -d -o 10001 -g 10001 /data
# Numbers, so that Kubernetes can check that the user is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV PATH=/opt/smartpay-sandbox/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    SMARTPAY_SANDBOX_HOST=0.0.0.0 \
    SMARTPAY_SANDBOX_STATE=sqlite:////data/smartpay.db
EXPOSE 8585
# On loopback, so it needs neither the network of the container nor a proxy.
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --start-interval=1s \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8585, timeout=2); c.request('GET', '/__admin/ready'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["smartpay-sandbox"]
CMD ["serve"]
