package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// carts is a shop's: POST /carts makes one and gives its customer a session, without which nobody sees it; GET /carts says how
// many there are. A cart holds three things at 19.90, of which the shop counts so many.
type carts struct {
	counted int

	mu   sync.Mutex
	made int
	open map[int]bool
}

func newCarts(counted int) http.Handler {
	c := &carts{counted: counted, made: 6, open: map[int]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /carts", c.count)
	mux.HandleFunc("POST /carts", c.add)
	mux.HandleFunc("GET /carts/{id}", c.owned(c.show))
	mux.HandleFunc("DELETE /carts/{id}", c.owned(c.remove))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func (c *carts) count(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, `{"open": %d}`, len(c.open))
}

func (c *carts) add(w http.ResponseWriter, _ *http.Request) {
	c.made++
	c.open[c.made] = true
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-" + strconv.Itoa(c.made), Path: "/"})
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id": %d, "token": "hunter2"}`, c.made)
}

// owned lets the customer of a cart pass.
func (c *carts) owned(next func(http.ResponseWriter, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		session, noSession := r.Cookie("session")
		switch {
		case err != nil || !c.open[id]:
			w.WriteHeader(http.StatusNotFound)
		case noSession != nil || session.Value != "of-"+r.PathValue("id"):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			next(w, id)
		}
	}
}

func (c *carts) show(w http.ResponseWriter, id int) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id": %d, "total": %d.%d}`, id, 1990*c.counted/100, 1990*c.counted%100)
}

func (c *carts) remove(w http.ResponseWriter, id int) {
	delete(c.open, id)
	w.WriteHeader(http.StatusNoContent)
}
