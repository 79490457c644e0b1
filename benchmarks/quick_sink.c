/* A mail server that does as little as one can: the benchmarks measure senders against it.
 *
 *     quick_sink PORT [MILLISECONDS]
 *
 * One thread, one epoll. It answers each command of the envelope, and of a message it only looks for the final dot. It
 * keeps no mail, but counts them, their octets, and how many different recipients there were. With MILLISECONDS it is
 * far away: each reply leaves that long after the last octet of what it answers has come, however many are on their way
 * at the same time, as over a long line. It ends at SIGTERM, and then prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_FILES 4096
#define SEATS (1u << 22) /* of recipients: several times as many as a run has */
#define DOT "\r\n.\r\n"
#define DOT_LENGTH 5

/* What a connection has sent and we have not dealt with: part of a command, or the last octets of a message. */
struct client {
    int file; /* -1 once it is closed, while replies still wait for their time */
    int waiting;
    int in_message;
    uint64_t recipient; /* of the message that comes: senders here give each one of its own */
    size_t kept;
    char buffer[1 << 18];
};

/* All wait equally long, so they become due in the order in which they were made. */
static struct reply {
    struct reply *next;
    struct client *client;
    int64_t due;
    size_t length;
    char words[];
} *first, **last = &first;

static struct client *clients[MOST_FILES];
static int64_t delay, began, first_taken, last_taken, late;
static int timer;
static unsigned long messages, octets, recipients, delayed;
static uint64_t seen[SEATS];

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static uint64_t recipient_of(const char *line, const char *end) {
    uint64_t hash = 14695981039346656037u;
    for (line += strlen("RCPT TO:"); line < end && *line != '>'; line++)
        hash = (hash ^ (unsigned char)*line) * 1099511628211u;
    return hash | 1; /* 0 is an empty seat */
}

static void count_message(uint64_t recipient) {
    uint64_t *seat = &seen[recipient >> 42];
    while (*seat && *seat != recipient) seat = seat == &seen[SEATS - 1] ? seen : seat + 1;
    if (!*seat) recipients++;
    *seat = recipient;
    last_taken = now();
    if (!messages++) first_taken = last_taken;
}

static const char *answer(struct client *client, const char *line, const char *end) {
    if (!strncasecmp(line, "EHLO", 4)) return "250-quick\r\n250-PIPELINING\r\n250-SIZE 0\r\n250 8BITMIME\r\n";
    if (!strncasecmp(line, "QUIT", 4)) return "221 bye\r\n";
    if (!strncasecmp(line, "RCPT", 4)) client->recipient = recipient_of(line, end);
    if (strncasecmp(line, "DATA", 4)) return "250 ok\r\n";
    client->in_message = 1;
    return "354 go on\r\n";
}

/* Deal with what has come; return how many octets of replies it makes. */
static size_t deal(struct client *client, char *replies) {
    char *at = client->buffer, *end = client->buffer + client->kept, *found;
    size_t length = 0;
    while (at < end) {
        const char *words;
        if (client->in_message) {
            if (!(found = memmem(at, end - at, DOT, DOT_LENGTH))) {
                if (end - at < DOT_LENGTH) break;
                octets += end - at - (DOT_LENGTH - 1);
                at = end - (DOT_LENGTH - 1);
                break;
            }
            octets += found - at; /* with the end of the line of DATA, without that of the last line: as many */
            at = found + DOT_LENGTH;
            client->in_message = 0;
            count_message(client->recipient);
            words = "250 taken\r\n";
        } else {
            if (!(found = memchr(at, '\n', end - at))) break;
            words = answer(client, at, found);
            at = found + 1;
            if (client->in_message) at -= 2; /* a message without a line: its dot follows upon the line of DATA */
        }
        length = stpcpy(replies + length, words) - replies;
    }
    client->kept = end - at;
    memmove(client->buffer, at, client->kept);
    return length;
}

static void leave(struct client *client) {
    if (client->file >= 0) {
        clients[client->file] = NULL;
        close(client->file);
        client->file = -1;
    }
    if (!client->waiting) free(client);
}

static int say(struct client *client, const char *words, size_t length) {
    return client->file >= 0 && send(client->file, words, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void set_timer(void) {
    struct itimerspec when = {.it_value = {.tv_sec = first->due / 1000000000, .tv_nsec = first->due % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Say it at once, or when its time has come. Return 0 if there is nobody to say it to. */
static int reply(struct client *client, const char *words, size_t length) {
    if (!delay) return say(client, words, length);
    struct reply *made = malloc(sizeof *made + length);
    if (!made) return 0;
    *made = (struct reply){.client = client, .due = now() + delay, .length = length};
    memcpy(made->words, words, length);
    client->waiting++;
    *last = made;
    last = &made->next;
    if (made == first) set_timer();
    return 1;
}

static void say_what_is_due(void) {
    uint64_t times;
    if (read(timer, &times, sizeof times) < 0) return;
    for (int64_t at = now(); first && first->due <= at;) {
        struct reply *due = first;
        struct client *client = due->client;
        if (!(first = due->next)) last = &first;
        client->waiting--;
        late += at - due->due;
        delayed++;
        if (!say(client, due->words, due->length)) leave(client);
        free(due);
    }
    if (first) set_timer();
}

static void serve(struct client *client) {
    static char replies[1 << 20];
    size_t room = sizeof client->buffer - client->kept;
    ssize_t got = recv(client->file, client->buffer + client->kept, room, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return; /* it was the one before under this number that had something to say */
    if (got > 0) {
        if (!began) began = now();
        client->kept += got;
        size_t length = deal(client, replies);
        if (!length || reply(client, replies, length)) return;
    }
    leave(client);
}

static void greet(int listener, int epoll) {
    static const char greeting[] = "220 quick ESMTP\r\n";
    int file = accept(listener, NULL, NULL), on = 1;
    if (file < 0) return;
    struct client *client = file < MOST_FILES ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        close(file);
        return;
    }
    clients[client->file = file] = client;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = file};
    epoll_ctl(epoll, EPOLL_CTL_ADD, file, &wanted);
    reply(client, greeting, sizeof greeting - 1);
}

static int watch(int epoll, int file) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = file};
    epoll_ctl(epoll, EPOLL_CTL_ADD, file, &wanted);
    return file;
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1000)) {
        perror("quick_sink");
        return 1;
    }
    delay = count > 2 ? atoll(words[2]) * 1000000 : 0;
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    int ending = watch(epoll, signalfd(-1, &end, 0));
    timer = watch(epoll, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    watch(epoll, listener);
    for (;;) {
        struct epoll_event ready[64];
        int number = epoll_wait(epoll, ready, 64, -1);
        for (int each = 0; each < number; each++) {
            int file = ready[each].data.fd;
            if (file == ending) {
                printf("{\"messages\": %lu, \"recipients\": %lu, \"octets\": %lu, ", messages, recipients, octets);
                printf("\"began\": %.6f, \"first\": %.6f, ", began / 1e9, first_taken / 1e9);
                printf("\"last\": %.6f, \"late\": %.6f}\n", last_taken / 1e9, delayed ? late / 1e9 / delayed : 0);
                return 0;
            }
            if (file == listener) greet(listener, epoll);
            else if (file == timer) say_what_is_due();
            else if (clients[file]) serve(clients[file]);
        }
    }
}
