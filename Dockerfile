# One image for every service: the command names which.
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[nats,s3]'

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 liancai && install -d -o liancai /documents
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels 'liancai[nats,s3]' && rm -rf /wheels
USER liancai
ENV LIANCAI_DATA=/home/liancai/data
EXPOSE 50151
ENTRYPOINT ["liancai-server"]
