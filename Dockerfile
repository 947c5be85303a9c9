# careConnect's image: set up by `make`, as everywhere else, but with the service's own requirements only.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
WORKDIR /srv/careconnect
COPY Makefile pyproject.toml requirements.lock README.md registration.yaml ./
COPY core core
COPY records records
COPY booking booking
COPY appservice appservice
COPY migrations migrations
RUN make install LOCK=requirements.lock && .venv/bin/python -m compileall -q core records booking appservice migrations

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home careconnect
# A new volume there belongs to whom this belongs to.
RUN install -d -o careconnect /var/lib/careconnect
# The same place: the scripts in .venv name it.
COPY --from=build /srv/careconnect /srv/careconnect
ENV PATH=/srv/careconnect/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/careconnect
USER careconnect
EXPOSE 8100
CMD ["careconnect", "serve"]
