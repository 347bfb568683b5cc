package secret

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Handler masks all texts of log lines before another handler writes them: the messages, and the values of attributes,
// those too that a logger was given before the secret was known.
func Handler(next slog.Handler, m *Masker) slog.Handler {
	return &handler{next: next, masker: m}
}

// handler keeps what its logger was given until a line is written.
type handler struct {
	next   slog.Handler
	masker *Masker
	given  []given
}

// given are attributes, or the group that those after it are in.
type given struct {
	group string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler { return h.with(given{attrs: attrs}) }

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(given{group: name})
}

func (h *handler) with(g given) slog.Handler {
	return &handler{next: h.next, masker: h.masker, given: append(h.given[:len(h.given):len(h.given)], g)}
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	next := h.next
	for _, g := range h.given {
		if g.group != "" {
			next = next.WithGroup(g.group)
		} else {
			next = next.WithAttrs(h.attrs(g.attrs))
		}
	}
	masked := slog.NewRecord(r.Time, r.Level, h.masker.Mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(h.attr(a))
		return true
	})
	return next.Handle(ctx, masked)
}

func (h *handler) attrs(attrs []slog.Attr) []slog.Attr {
	masked := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		masked[i] = h.attr(a)
	}
	return masked
}

func (h *handler) attr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		value = slog.StringValue(h.masker.Mask(value.String()))
	case slog.KindGroup:
		value = slog.GroupValue(h.attrs(value.Group())...)
	case slog.KindAny:
		value = h.any(value)
	}
	return slog.Attr{Key: a.Key, Value: value}
}

// any leaves a value as it is where no text that a handler could make of it holds a secret.
func (h *handler) any(value slog.Value) slog.Value {
	v := value.Any()
	texts := []string{fmt.Sprintf("%+v", v)}
	if err, ok := v.(error); ok {
		texts = []string{err.Error()}
	} else if written, err := json.Marshal(v); err == nil {
		texts = append(texts, string(written))
	}
	for _, text := range texts {
		if masked := h.masker.Mask(text); masked != text {
			return slog.StringValue(masked)
		}
	}
	return value
}
