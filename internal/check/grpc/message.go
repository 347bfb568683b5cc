package grpccheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// status is a health that a server tells: grpc.health.v1.HealthCheckResponse.ServingStatus.
type status string

const (
	unknown        status = "UNKNOWN"
	serving        status = "SERVING"
	notServing     status = "NOT_SERVING"
	serviceUnknown status = "SERVICE_UNKNOWN"
)

// statuses stand at their numbers.
var statuses = []status{unknown, serving, notServing, serviceUnknown}

func statusOf(number uint64) status {
	if number < uint64(len(statuses)) {
		return statuses[number]
	}
	return status("status " + strconv.FormatUint(number, 10) + ", which the protocol doesn't have")
}

// DecodeNode reads a status by its name.
func (s *status) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	if !n.IsScalar() || !slices.Contains(statuses, status(n.Text())) {
		var names []string
		for _, s := range statuses {
			names = append(names, string(s))
		}
		d.Problem(n, "%s", strictyaml.Unknown("status", n.Text(), names))
		return
	}
	*s = status(n.Text())
}

// JSONSchema describes a status by its name.
func (*status) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.AnyOf(strictyaml.Words(statuses...), strictyaml.Filled())
}

// request writes a framed HealthCheckRequest: its field 1 is the service, and left out where it is empty.
func request(service string) []byte {
	var message []byte
	if service != "" {
		message = binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(service)))
		message = append(message, service...)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// maxMessage bounds an answer, in bytes: it has one field of one byte, and what later versions may add.
const maxMessage = 4 << 10

// errNoMessage is an answer that ends before a message begins: one of a call that failed has none.
var errNoMessage = errors.New("there is no message in it")

// response reads the one framed HealthCheckResponse of an answer. Its field 1 is the status; left out, it is UNKNOWN.
func response(r io.Reader) (status, error) {
	var head [5]byte
	switch n, err := io.ReadFull(r, head[:]); {
	case errors.Is(err, io.EOF) && n == 0:
		return "", errNoMessage
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("%w: it ends in the head of the message", errFrame)
	case err != nil:
		return "", err
	}
	size := binary.BigEndian.Uint32(head[1:])
	switch {
	case head[0] == 1:
		return "", fmt.Errorf("%w: the message is compressed, which wasn't asked for", errFrame)
	case head[0] != 0:
		return "", fmt.Errorf("%w: it doesn't begin with a message", errFrame)
	case size > maxMessage:
		return "", fmt.Errorf("%w: the message has %d bytes, at most %d are read", errFrame, size, maxMessage)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(r, message); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "", fmt.Errorf("%w: it ends in the message", errFrame)
		}
		return "", err
	}
	switch n, err := io.ReadFull(r, head[:1]); {
	case n > 0:
		return "", fmt.Errorf("%w: more follows after the message", errFrame)
	case !errors.Is(err, io.EOF):
		return "", err
	}
	return parse(message)
}

// errFrame marks an answer that isn't one of the protocol.
var errFrame = errors.New("the answer can't be read")

// parse reads a HealthCheckResponse: of several values of one field the last counts, fields that aren't known are
// passed over (https://protobuf.dev/programming-guides/encoding/).
func parse(message []byte) (status, error) {
	var number uint64
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 || key>>3 == 0 {
			return "", fmt.Errorf("%w: a field has no number", errFrame)
		}
		message = message[n:]
		value, size := field(message, key&7)
		if size < 0 {
			return "", fmt.Errorf("%w: field %d is broken", errFrame, key>>3)
		}
		if key == 1<<3 {
			number = value
		}
		message = message[size:]
	}
	return statusOf(number & math.MaxUint32), nil // an enum has 32 bits: what is written in more is cut off
}

// field measures a field of a wire type, and reads it where it is a varint; a size below 0: it is broken.
func field(message []byte, wireType uint64) (value uint64, size int) {
	switch wireType {
	case 0:
		value, n := binary.Uvarint(message)
		if n <= 0 {
			return 0, -1
		}
		return value, n
	case 1:
		size = 8
	case 2:
		length, n := binary.Uvarint(message)
		if n <= 0 || length > uint64(len(message)) {
			return 0, -1
		}
		size = n + int(length)
	case 5:
		size = 4
	default:
		return 0, -1 // groups are in no version of this message
	}
	if size > len(message) {
		return 0, -1
	}
	return 0, size
}
