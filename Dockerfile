# The gateway in an image with nothing else in it: no shell, no packages, no root.
#
#   docker build -t esgateway .
#   docker run -v ./gateway.yaml:/etc/esgateway/gateway.yaml:ro -v esgateway:/var/lib/esgateway -p 8443:8443 esgateway

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
ARG TARGETOS TARGETARCH VERSION=dev
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/gateway ./cmd/gateway
# What the empty image needs beside the program: certificate authorities for identity
# providers, a home for the session store that the user below may write to.
RUN mkdir -p /out/etc/ssl/certs /out/etc/esgateway /out/var/lib/esgateway /out/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
    && chmod 1777 /out/tmp \
    && echo 'gateway:x:65532:65532:gateway:/var/lib/esgateway:/none' >/out/etc/passwd

FROM scratch
COPY --from=build --chown=65532:65532 /out/var/lib/esgateway /var/lib/esgateway
COPY --from=build /out/etc /etc
COPY --from=build /out/tmp /tmp
COPY --from=build /out/gateway /gateway
USER 65532:65532
EXPOSE 8443 8444
VOLUME /var/lib/esgateway
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/gateway", "healthcheck"]
ENTRYPOINT ["/gateway"]
CMD ["serve"]
