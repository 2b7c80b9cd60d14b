/* A stage of the supernet: many depthwise convolutions, centred, and the products of their
   channels, in float32; all gradients in one call. `papers/cells/network/fast/depthwise.py` says
   what for and computes the same in torch, with a dozen calls a convolution; `functions.py` calls
   this.

   Shapes: n images of h x w positions, c channels innermost in memory; m = n h w rows; K
   convolutions. A signal is an image of one row. A function returns 1 when it finds no memory. */

#include <string.h>

typedef struct { int n, h, w, c; } Grid;
typedef struct { int kh, kw, sh, sw, ph, pw, dh, dw; } Window;

#define WIDEST 7  /* of a kernel */

static int most(int a, int b) { return a > b ? a : b; }

/* A room is an image with zeros around it, so that no loop below asks where a border is. */
typedef struct { float *all, *origin; int row, h, w; } Room;

static size_t room_size(Grid g, int K, const Window *win, Room *room) {
  int high = 0, wide = 0;
  for (int k = 0; k < K; k++) high = most(high, win[k].ph), wide = most(wide, win[k].pw);
  room->row = g.w + 2 * wide, room->h = high, room->w = wide;
  return (size_t)(g.h + 2 * high) * room->row * g.c;
}

static void furnish(Room *room, float *memory, size_t size, int c) {
  memset(memory, 0, size * sizeof(float));
  room->all = memory, room->origin = memory + (room->h * room->row + room->w) * c;
}

static void enter(Grid g, const Room *room, const float *x, int relu) {
  for (int y = 0; y < g.h; y++, x += g.w * g.c) {
    float *to = room->origin + y * room->row * g.c;
    if (relu) for (int i = 0; i < g.w * g.c; i++) to[i] = x[i] > 0 ? x[i] : 0;
    else memcpy(to, x, (size_t)g.w * g.c * sizeof(float));
  }
}

/* X outputs side by side share each tap. */
INLINE void stretch(const int X, int taps, int c, int step, const int *at, const float *w,
                    const float *in, float *out, int add) {
  vec sum[8];
  UNROLL for (int x = 0; x < X; x++) sum[x] = add ? GET(out + x * c) : (vec){0};
  for (int t = 0; t < taps; t++) {
    vec tap = GET(w + t * c);
    const float *from = in + at[t];
    UNROLL for (int x = 0; x < X; x++) sum[x] += tap * GET(from + x * step);
  }
  UNROLL for (int x = 0; x < X; x++) AT(out + x * c) = sum[x];
}

/* out (h, w, c): every position's sum over the taps w (taps, c), each `at` its distance away */
static void convolve(int h, int w, int c, int sh, int sw, const Room *room, int taps,
                     const int *at, const float *kernel, float *out, int add) {
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w;) {
      int many = w - x >= 8 ? 8 : w - x >= 4 ? 4 : 1;
      const float *in = room->origin + (y * sh * room->row + x * sw) * c;
      float *to = out + (y * w + x) * c;
      for (int i = 0; i < c; i += V) {
        if (many == 8) stretch(8, taps, c, sw * c, at, kernel + i, in + i, to + i, add);
        else if (many == 4) stretch(4, taps, c, sw * c, at, kernel + i, in + i, to + i, add);
        else stretch(1, taps, c, sw * c, at, kernel + i, in + i, to + i, add);
      }
      x += many;
    }
}

/* The gradient of one row of taps: X positions at a time have sums of their own, for speed. */
INLINE void slope(const int T, const int X, int h, int w, int c, const Window *win, int row,
                  const float *g, const float *in, double *sum) {
  vec own[WIDEST * 4];
  UNROLL for (int i = 0; i < T * X; i++) own[i] = (vec){0};
  for (int y = 0; y < h; y++) {
    const float *back = g + y * win->sh * row * c, *x = in + y * win->sh * row * c;
    int step = win->sw * c, far = win->dw * c, at = 0;
    for (; at + X <= w; at += X, back += X * step, x += X * step)
      UNROLL for (int i = 0; i < X; i++)
        UNROLL for (int t = 0; t < T; t++)
          own[i * T + t] += GET(back + i * step) * GET(x + i * step + t * far);
    for (; at < w; at++, back += step, x += step)
      UNROLL for (int t = 0; t < T; t++) own[t] += GET(back) * GET(x + t * far);
  }
  UNROLL for (int t = 0; t < T; t++) {
    for (int i = 1; i < X; i++) own[t] += own[i * T + t];
    for (int lane = 0; lane < V; lane++) sum[t * c + lane] += own[t][lane];
  }
}

static void slopes(int h, int w, int c, const Window *win, const Room *back, const Room *x,
                   double *sum) {
  for (int i = 0; i < c; i += V)
    for (int t = 0; t < win->kh; t++) {
      const float *in = x->origin + ((t * win->dh - win->ph) * x->row - win->pw) * c + i;
      double *to = sum + t * win->kw * c + i;
      if (win->kw == 3) slope(3, 4, h, w, c, win, x->row, back->origin + i, in, to);
      else if (win->kw == 5) slope(5, 2, h, w, c, win, x->row, back->origin + i, in, to);
      else slope(7, 1, h, w, c, win, x->row, back->origin + i, in, to);
    }
}

/* Where the taps lie: seen from an output, or with `turned` seen from an input. */
static void places(const Window *win, int row, int c, int turned, int *at) {
  for (int y = 0; y < win->kh; y++)
    for (int x = 0; x < win->kw; x++)
      at[y * win->kw + x] = ((y * win->dh - win->ph) * row + x * win->dw - win->pw) * c
                            * (turned ? -1 : 1);
}

/* Kernels (c, taps) with their factors (c), as (taps, c). */
static void kernel(int c, int taps, const float *w, const float *factor, float *out) {
  for (int i = 0; i < c; i++)
    for (int t = 0; t < taps; t++) out[t * c + i] = w[i * taps + t] * (factor ? factor[i] : 1);
}

/* d (K, m', c): K convolutions of one x or of K, centred; G (K, c, c): their d'd */
int NAMED(stage_forward)(int K, int shared, int relu, const Grid *grid, const Window *win,
                  const float *x, const float *const *w, const float *factor, float *d,
                  float *G) {
  Grid g = *grid;
  int c = g.c, h = (g.h - 1) / win->sh + 1, width = (g.w - 1) / win->sw + 1, area = h * width;
  long rows = (long)g.n * area, image = (long)g.h * g.w * c;
  Room room;
  size_t size = room_size(g, K, win, &room), own = (size_t)WIDEST * WIDEST * c;
  float *memory = malloc((size + K * own) * sizeof(float)), *taps = memory + size;
  double *sum = calloc((size_t)K * c, sizeof(double));
  if (!memory || !sum) return free(memory), free(sum), 1;
  furnish(&room, memory, size, c);
  for (int k = 0; k < K; k++)
    kernel(c, win[k].kh * win[k].kw, w[k], factor ? factor + k * c : 0, taps + k * own);
  for (int n = 0; n < g.n; n++)
    for (int k = 0; k < K; k++) {
      int at[WIDEST * WIDEST];
      float *out = d + (k * rows + (long)n * area) * c;
      places(win + k, room.row, c, 0, at);
      /* all kernels read an image while it is in the cache */
      if (!shared || k == 0) enter(g, &room, x + (shared ? 0 : k * g.n * image) + n * image, relu);
      convolve(h, width, c, win->sh, win->sw, &room, win[k].kh * win[k].kw, at, taps + k * own,
               out, 0);
      sums(area, c, out, sum + k * c);
    }
  memset(G, 0, (size_t)K * c * c * sizeof(float));
  for (int k = 0; k < K; k++)
    for (long r = 0; r < rows; r += BLOCK) {  /* centred and multiplied in one passage */
      int some = (int)(rows - r < BLOCK ? rows - r : BLOCK);
      float mean[c], *own_d = d + (k * rows + r) * c;
      for (int i = 0; i < c; i++) mean[i] = (float)(sum[k * c + i] / rows);
      for (int q = 0; q < some; q++) for (int i = 0; i < c; i++) own_d[q * c + i] -= mean[i];
      outer(some, c, c, own_d, own_d, G + (long)k * c * c);
    }
  free(memory), free(sum);
  return 0;
}

/* All gradients of a stage, from those of d (none: zero) and of G. */
int NAMED(stage_backward)(int K, int shared, int relu, const Grid *grid, const Window *win,
                   const float *x, const float *const *w, const float *factor, const float *d,
                   const float *const *gd, const float *gG, float *gx, float *const *gw,
                   float *gfactor) {
  Grid g = *grid;
  int c = g.c, h = (g.h - 1) / win->sh + 1, width = (g.w - 1) / win->sw + 1, area = h * width;
  long rows = (long)g.n * area, image = (long)g.h * g.w * c;
  Room room, back;
  size_t size = room_size(g, K, win, &room), own = (size_t)WIDEST * WIDEST * c;
  float *memory = malloc((2 * size + K * (own + c * c + c) + (size_t)area * c) * sizeof(float));
  double *sum = calloc(K * own + c, sizeof(double));
  if (!memory || !sum) return free(memory), free(sum), 1;
  float *taps = memory + 2 * size, *both = taps + K * own, *mean = both + (long)K * c * c;
  float *part = mean + K * c;
  room_size(g, K, win, &back);
  furnish(&room, memory, size, c), furnish(&back, memory + size, size, c);
  for (int k = 0; k < K; k++) {
    const float *G = gG + (long)k * c * c;
    double *total = sum + K * own;
    kernel(c, win[k].kh * win[k].kw, w[k], factor ? factor + k * c : 0, taps + k * own);
    for (int i = 0; i < c; i++)  /* of G = d'd: d (gG + gG') */
      for (int j = 0; j < c; j++) both[((long)k * c + i) * c + j] = G[i * c + j] + G[j * c + i];
    memset(total, 0, c * sizeof(double));
    if (gd[k]) sums(rows, c, gd[k], total);
    /* d is centred, so is d times anything: the mean to take away is that of gd */
    for (int i = 0; i < c; i++) mean[k * c + i] = (float)(total[i] / rows);
  }
  for (int n = 0; n < g.n; n++) {
    float *to = gx + n * image;
    for (int k = 0; k < K; k++) {
      int at[WIDEST * WIDEST], taken = win[k].kh * win[k].kw;
      long here = (k * rows + (long)n * area) * c;
      long start = (shared ? 0 : k * g.n * image) + n * image;
      if (!shared || k == 0) enter(g, &room, x + start, relu);
      product(area, c, c, d + here, both + (long)k * c * c, part, 0);
      const float *given = gd[k] ? gd[k] + (long)n * area * c : 0;
      for (int p = 0; p < area; p++) {  /* with a stride, zeros lie between: it is then none */
        float *place = back.origin
                       + (p / width * win->sh * back.row + p % width * win->sw) * c;
        const float *m = mean + k * c, *own_part = part + p * c;
        if (given) for (int i = 0; i < c; i++) place[i] = own_part[i] + given[p * c + i] - m[i];
        else memcpy(place, own_part, c * sizeof(float));
      }
      slopes(h, width, c, win + k, &back, &room, sum + k * own);
      places(win + k, back.row, c, 1, at);
      convolve(g.h, g.w, c, 1, 1, &back, taken, at, taps + k * own,
               shared ? to : gx + start, shared && k > 0);
    }
    if (relu) for (long i = 0; i < image; i++) to[i] = x[n * image + i] > 0 ? to[i] : 0;
  }
  for (int k = 0; k < K; k++) {
    int taken = win[k].kh * win[k].kw;
    for (int i = 0; i < c; i++) {
      double slope_of_factor = 0;
      for (int t = 0; t < taken; t++) {
        double one = sum[k * own + t * c + i];
        gw[k][i * taken + t] = (float)(factor ? one * factor[k * c + i] : one);
        slope_of_factor += one * w[k][i * taken + t];
      }
      if (factor) gfactor[k * c + i] = (float)slope_of_factor;
    }
  }
  free(memory), free(sum);
  return 0;
}
