# The image of Sync Center for those with a container engine. hack/image writes the same content without one.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api/ api/
COPY cmd/ cmd/
COPY controllers/ controllers/
COPY internal/ internal/
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -tags timetzdata -ldflags="-s -w" -o /synccenter ./cmd/synccenter

# Certificates and a user without rights; no shell. It runs with a read-only root file system.
FROM gcr.io/distroless/static:nonroot
COPY --from=build /synccenter /synccenter
USER 65532:65532
ENTRYPOINT ["/synccenter"]
